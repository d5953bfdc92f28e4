//go:build kill

package kill

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/tests/brokers"
)

// sharePartitions are those of the topic that is worked off; shareKeys are the keys of its records.
const (
	sharePartitions = 3
	shareKeys       = 40
)

// crew is members of one share group at work, and what became of each record.
type crew struct {
	*load
	group  string
	keyed  bool
	mu     sync.Mutex // guards what follows
	fates  map[place]*fate
	byKey  map[string][]place // what members met of each key, which has one partition
	errors []string
	taken  int
}

type place struct {
	partition int32
	offset    int64
}

// fate is what is known of a record. A settlement that was not answered may count or not.
type fate struct {
	accepted, rejected           bool
	maybeAccepted, maybeRejected bool
}

// TestKillShare ends the broker, and members, at random moments while two share groups work a topic off, one of them in the order
// of keys: what was settled never comes again, nothing is lost, what was rejected has one dead letter, and a key's records come one
// after the other.
func TestKillShare(t *testing.T) {
	b := brokers.Weir(t, map[string]string{"group.share.min.session.timeout.ms": "1000", "group.share.session.timeout.ms": "2500",
		"group.share.min.heartbeat.interval.ms": "200", "group.share.heartbeat.interval.ms": "500"})
	l := newLoad(t, b)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	crews := l.prepareShare(ctx)
	members, dismiss := context.WithCancel(t.Context())
	defer dismiss()
	l.run(func() {
		l.produceKeyed(ctx, func() bool {
			return slices.ContainsFunc(crews, func(c *crew) bool { return l.acked.Load() > int64(c.seen()+backlog) })
		})
	})
	for _, c := range crews {
		for range 3 {
			l.run(func() {
				for members.Err() == nil {
					c.work(members)
				}
			})
		}
	}
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	for range kills(t, 20) {
		before := crews[0].progress()
		l.await("the groups go on", func() bool { return crews[0].progress() > before })
		time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond) // the moment of the kill
		b.Kill()
		b.Start()
	}
	stop()
	for _, c := range crews {
		c.awaitWorkedOff()
	}
	dismiss()
	l.done.Wait()
	for _, c := range crews {
		c.judge()
	}
}

func (l *load) prepareShare(ctx context.Context) []*crew {
	cl := l.client()
	defer cl.Close()
	adm := kadm.NewClient(cl)
	letters := "true"
	if _, err := adm.CreateTopics(ctx, sharePartitions, 1, nil, "work"); err != nil {
		l.t.Fatal(err)
	}
	var crews []*crew
	for _, group := range []string{"plain", "keyed"} {
		c := &crew{load: l, group: group, keyed: group == "keyed", fates: map[place]*fate{}, byKey: map[string][]place{}}
		if _, err := adm.CreateTopic(ctx, 1, 1, map[string]*string{"errors.deadletterqueue.group.enable": &letters}, c.letters()); err != nil {
			l.t.Fatal(err)
		}
		settings := map[string]string{"share.auto.offset.reset": "earliest", "errors.deadletterqueue.topic.name": c.letters(),
			"share.delivery.count.limit": "10"}
		if c.keyed {
			settings["weir.share.order"] = "key"
		}
		req := kmsg.NewPtrIncrementalAlterConfigsRequest()
		resource := kmsg.NewIncrementalAlterConfigsRequestResource()
		resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeGroupConfig, group
		for name, value := range settings {
			setting := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
			setting.Name, setting.Value = name, &value
			resource.Configs = append(resource.Configs, setting)
		}
		req.Resources = append(req.Resources, resource)
		resp, err := req.RequestWith(ctx, cl)
		if err == nil {
			err = kerr.ErrorForCode(resp.Resources[0].ErrorCode)
		}
		if err != nil {
			l.t.Fatalf("configure %s: %v", group, err)
		}
		crews = append(crews, c)
	}
	return crews
}

func (c *crew) letters() string { return "dlq." + c.group }

// backlog is how far the groups may be behind before the producer waits for them.
const backlog = 300

// produceKeyed writes records until the context ends, not while others are far behind.
func (l *load) produceKeyed(ctx context.Context, behind func() bool) {
	cl := l.client(kgo.DefaultProduceTopic("work"), kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
	defer cl.Close()
	for n := 0; ctx.Err() == nil; n++ {
		for behind() && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cl.Produce(context.WithoutCancel(ctx), kgo.KeySliceRecord([]byte(strconv.Itoa(n%shareKeys)), []byte(strconv.Itoa(n))), func(_ *kgo.Record, err error) {
			if err == nil {
				l.acked.Add(1)
			}
		})
		if n%10 == 0 {
			if err := cl.Flush(ctx); err != nil {
				break
			}
		}
	}
	_ = cl.Flush(context.WithoutCancel(ctx)) // the broker comes back
}

// work is one life of a member, which may end by a kill: all its connections go, and it is not heard of again.
func (c *crew) work(ctx context.Context) {
	ctx, kill := context.WithCancel(ctx)
	defer kill()
	var mu sync.Mutex // guards conns and failed
	var conns []net.Conn
	var failed error
	dial := func(dialCtx context.Context, network, addr string) (net.Conn, error) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(dialCtx, network, addr)
		if err == nil {
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
		}
		return conn, err
	}
	cl := c.client(kgo.ShareGroup(c.group), kgo.ConsumeTopics("work"), kgo.ShareMaxRecords(20), kgo.ShareMaxRecordsStrict(), kgo.Dialer(dial),
		kgo.RequestRetries(0), kgo.RetryTimeout(time.Second),
		kgo.ShareAckCallback(func(_ *kgo.Client, results kgo.ShareAckResults) {
			mu.Lock()
			failed = errors.Join(failed, results.Error())
			mu.Unlock()
		}))
	for lives := rand.IntN(200); lives > 0 && ctx.Err() == nil; lives-- {
		polled, cancel := context.WithTimeout(ctx, time.Second)
		records := cl.PollFetches(polled).Records()
		cancel()
		if len(records) == 0 {
			continue
		}
		statuses := c.met(records)
		for i, r := range records {
			cl.MarkAcks(statuses[i], r)
		}
		flushed, cancel := context.WithTimeout(ctx, 10*time.Second)
		err := cl.FlushAcks(flushed)
		cancel()
		mu.Lock()
		err = errors.Join(err, failed)
		failed = nil
		mu.Unlock()
		if err == nil {
			c.settled(records, statuses)
		}
	}
	kill()
	mu.Lock()
	for _, conn := range conns {
		_ = conn.Close()
	}
	mu.Unlock()
	cl.Close()
}

// met notes what a member got, and decides what becomes of it.
func (c *crew) met(records []*kgo.Record) []kgo.AckStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	statuses := make([]kgo.AckStatus, len(records))
	for i, r := range records {
		at := place{r.Partition, r.Offset}
		f := c.fates[at]
		if f == nil {
			f = &fate{}
			c.fates[at] = f
			c.byKey[string(r.Key)] = append(c.byKey[string(r.Key)], at)
		}
		if f.accepted || f.rejected {
			c.errors = append(c.errors, fmt.Sprintf("%v was settled and came again", at))
		}
		if c.keyed {
			for _, other := range c.byKey[string(r.Key)] {
				o := c.fates[other]
				if other.offset < at.offset && !o.accepted && !o.rejected && !o.maybeAccepted && !o.maybeRejected {
					c.errors = append(c.errors, fmt.Sprintf("%v came before %v of the same key was settled", at, other))
				}
			}
		}
		switch dice := rand.IntN(10); {
		case dice < 7:
			statuses[i], f.maybeAccepted = kgo.AckAccept, true
		case dice < 8:
			statuses[i], f.maybeRejected = kgo.AckReject, true
		default:
			statuses[i] = kgo.AckRelease
		}
	}
	c.taken += len(records)
	return statuses
}

// settled notes that all acknowledgements of a poll were answered well.
func (c *crew) settled(records []*kgo.Record, statuses []kgo.AckStatus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, r := range records {
		f := c.fates[place{r.Partition, r.Offset}]
		f.accepted = f.accepted || statuses[i] == kgo.AckAccept
		f.rejected = f.rejected || statuses[i] == kgo.AckReject
	}
}

// seen is how many records members have met.
func (c *crew) seen() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.fates)
}

// progress is how many deliveries there were.
func (c *crew) progress() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.taken
}

// awaitWorkedOff waits until the group's start is at the end of every partition.
func (c *crew) awaitWorkedOff() {
	c.t.Helper()
	cl := c.client()
	defer cl.Close()
	adm := kadm.NewClient(cl)
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Minute)
	defer cancel()
	for {
		ends, err := adm.ListEndOffsets(ctx, "work")
		req := kmsg.NewPtrDescribeShareGroupOffsetsRequest()
		g := kmsg.NewDescribeShareGroupOffsetsRequestGroup()
		g.GroupID = c.group
		topic := kmsg.NewDescribeShareGroupOffsetsRequestGroupTopic()
		topic.Topic, topic.Partitions = "work", []int32{0, 1, 2}
		g.Topics = append(g.Topics, topic)
		req.Groups = append(req.Groups, g)
		resp, failed := req.RequestWith(ctx, cl)
		if ctx.Err() != nil {
			c.t.Fatalf("group %s is not at the end of the topic after two minutes: %+v", c.group, resp)
		}
		if errors.Join(err, failed) != nil || len(resp.Groups) != 1 || len(resp.Groups[0].Topics) != 1 {
			continue
		}
		done := 0
		for _, p := range resp.Groups[0].Topics[0].Partitions {
			if end, ok := ends.Lookup("work", p.Partition); ok && end.Err == nil && p.StartOffset == end.Offset {
				done++
			}
		}
		if done == sharePartitions {
			return
		}
		time.Sleep(50 * time.Millisecond) // the members are at it
	}
}

// judge holds what became of each record against the dead letters.
func (c *crew) judge() {
	c.t.Helper()
	letters := c.readLetters()
	accepted, rejected := 0, 0
	for at, f := range c.fates {
		n := letters[at]
		switch {
		case n > 1:
			c.t.Errorf("%s: %v has %d dead letters", c.group, at, n)
		case f.accepted && n > 0:
			c.t.Errorf("%s: %v was accepted and has a dead letter", c.group, at)
		case f.rejected && n == 0:
			c.t.Errorf("%s: %v was rejected and has no dead letter", c.group, at)
		case n == 0 && !f.accepted && !f.maybeAccepted:
			c.t.Errorf("%s: %v was never accepted, is gone, and has no dead letter", c.group, at)
		}
		if f.accepted {
			accepted++
		}
		rejected += n
	}
	for _, e := range c.errors[:min(len(c.errors), 10)] {
		c.t.Errorf("%s: %s", c.group, e)
	}
	written := int(c.acked.Load())
	c.t.Logf("%s: %d records were written, %d met, %d accepted for certain, %d have dead letters; %d deliveries", c.group, written, len(c.fates),
		accepted, rejected, c.taken)
	if len(c.fates) < written || accepted < 200 || rejected < 20 {
		c.t.Errorf("%s: of %d records %d were met", c.group, written, len(c.fates))
	}
}

// readLetters counts the dead letters of each record.
func (c *crew) readLetters() map[place]int {
	c.t.Helper()
	cl := c.client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{c.letters(): {0: kgo.NewOffset().AtStart()}}))
	defer cl.Close()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	ends, err := kadm.NewClient(cl).ListEndOffsets(ctx, c.letters())
	if err != nil {
		c.t.Fatal(err)
	}
	end, _ := ends.Lookup(c.letters(), 0)
	letters := map[place]int{}
	for next := int64(0); next < end.Offset; {
		if ctx.Err() != nil {
			c.t.Fatalf("dead letters are read up to %d of %d", next, end.Offset)
		}
		for _, r := range cl.PollFetches(ctx).Records() {
			next = r.Offset + 1
			var at place
			for _, h := range r.Headers {
				n, _ := strconv.ParseInt(string(h.Value), 10, 64)
				switch {
				case strings.HasSuffix(h.Key, "errors.partition"):
					at.partition = int32(n)
				case strings.HasSuffix(h.Key, "errors.offset"):
					at.offset = n
				}
			}
			letters[at]++
		}
	}
	return letters
}
