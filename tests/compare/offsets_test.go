//go:build compare

package compare

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/tests/brokers"
)

// A thousand groups commit a thousand partitions each.
const (
	offsetGroups     = 1000
	offsetPartitions = 1000
)

// TestServesOffsets prints how soon after a restart each broker serves the committed offsets of a thousand groups, a million in
// its log, from when its process was started; and checks that none is lost.
func TestServesOffsets(t *testing.T) {
	for _, b := range []*brokers.Broker{brokers.Weir(t, nil), brokers.Measured(t, brokers.KindKafka, nil)} {
		commitMillion(t, b)
		for _, how := range []string{"a restart", "a kill -9"} {
			if how == "a restart" {
				b.Stop()
			} else {
				b.Kill()
			}
			began := time.Now()
			answers := b.Start()
			serves := awaitOffsets(t, b, began)
			rss, err := b.RSS()
			if err != nil {
				t.Fatal(err)
			}
			fmt.Printf("%s: %d committed offsets; after %s answers in %s, serves all groups in %s; %d MiB resident\n", b.Kind,
				offsetGroups*offsetPartitions, how, answers.Round(time.Millisecond), serves.Round(time.Millisecond), rss>>20)
		}
		b.Stop()
	}
}

func offsetGroup(i int) string { return fmt.Sprintf("group-%d", i) }

func offsetClient(t *testing.T, b *brokers.Broker) *kgo.Client {
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Addr), kgo.RequestRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// commitMillion commits offset i for partition i of every group.
func commitMillion(t *testing.T, b *brokers.Broker) {
	adm := kadm.NewClient(offsetClient(t, b))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if _, err := adm.CreateTopic(ctx, offsetPartitions, 1, nil, "offsets"); err != nil {
		t.Fatal(err)
	}
	var all kadm.Offsets
	for p := range int32(offsetPartitions) {
		all.Add(kadm.Offset{Topic: "offsets", Partition: p, At: int64(p), LeaderEpoch: -1})
	}
	var running sync.WaitGroup
	for first := range 8 {
		running.Go(func() {
			for i := first; i < offsetGroups; i += 8 {
				for {
					answers, err := adm.CommitOffsets(ctx, offsetGroup(i), all)
					if err == nil {
						err = answers.Error()
					}
					if err == nil {
						break
					}
					if ctx.Err() != nil {
						t.Errorf("commit of group %d: %v", i, err)
						return
					}
					time.Sleep(50 * time.Millisecond) // the coordinators come up with the first who ask for them
				}
			}
		})
	}
	running.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// awaitOffsets waits until every group answers with what it has committed for the last partition.
func awaitOffsets(t *testing.T, b *brokers.Broker, began time.Time) time.Duration {
	cl := offsetClient(t, b)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	waiting := make([]string, offsetGroups)
	for i := range waiting {
		waiting[i] = offsetGroup(i)
	}
	for len(waiting) > 0 {
		req := kmsg.NewPtrOffsetFetchRequest()
		for _, name := range waiting {
			g := kmsg.NewOffsetFetchRequestGroup()
			g.Group = name
			g.Topics = []kmsg.OffsetFetchRequestGroupTopic{{Topic: "offsets", Partitions: []int32{offsetPartitions - 1}}}
			req.Groups = append(req.Groups, g)
		}
		var again []string
		for _, shard := range cl.RequestSharded(ctx, req) {
			if ctx.Err() != nil {
				t.Fatalf("%s: %d groups do not answer: %v", b.Kind, len(waiting), shard.Err)
			}
			resp, answered := shard.Resp.(*kmsg.OffsetFetchResponse)
			if !answered || shard.Err != nil {
				for _, g := range shard.Req.(*kmsg.OffsetFetchRequest).Groups {
					again = append(again, g.Group)
				}
				continue
			}
			for _, g := range resp.Groups {
				if err := kerr.ErrorForCode(g.ErrorCode); err != nil {
					again = append(again, g.Group)
				} else if p := g.Topics[0].Partitions[0]; p.ErrorCode != 0 || p.Offset != offsetPartitions-1 {
					t.Fatalf("%s: group %s has committed %+v", b.Kind, g.Group, p)
				}
			}
		}
		if waiting = again; len(waiting) > 0 {
			time.Sleep(time.Millisecond)
		}
	}
	return time.Since(began)
}
