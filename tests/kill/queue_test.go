//go:build kill

package kill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/tests/brokers"
)

// queue is a topic whose messages producers send until they are answered, with an id each, and workers accept or reject.
type queue struct {
	t    *testing.T
	b    *brokers.Broker
	done sync.WaitGroup

	mu    sync.Mutex // guards what follows
	sent  int        // ids below it have been sent or are being
	acked map[string]bool
	seen  map[string]int // by id, how often workers were given it
}

// configure gives the group its settings.
func (q *queue) configure(cl *kgo.Client) {
	q.t.Helper()
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeGroupConfig, "workers"
	for name, value := range map[string]string{"share.auto.offset.reset": "earliest", "share.delivery.count.limit": "10",
		"errors.deadletterqueue.topic.name": "dlq.jobs"} {
		c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		c.Name, c.Value = name, &value
		resource.Configs = append(resource.Configs, c)
	}
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.Resources = append(req.Resources, resource)
	resp, err := req.RequestWith(q.t.Context(), cl)
	if err == nil {
		err = kerr.ErrorForCode(resp.Resources[0].ErrorCode)
	}
	if err != nil {
		q.t.Fatal(err)
	}
}

// bad tells whether workers reject a message.
func bad(id string) bool {
	n, err := strconv.Atoi(id)
	return err == nil && n%7 == 0
}

func (q *queue) client(opts ...kgo.Opt) *kgo.Client {
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(q.b.Addr), kgo.MetadataMinAge(20 * time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond })}, opts...)...)
	if err != nil {
		q.t.Fatal(err)
	}
	return cl
}

// produce sends message after message, each as often as it takes. It has no number, so only the id tells a message that is there.
func (q *queue) produce(ctx context.Context) {
	cl := q.client(kgo.DisableIdempotentWrite(), kgo.RequestRetries(0), kgo.RecordRetries(0), kgo.RecordDeliveryTimeout(time.Second))
	defer cl.Close()
	for ctx.Err() == nil {
		q.mu.Lock()
		id := fmt.Sprint(q.sent)
		q.sent++
		q.mu.Unlock()
		for {
			r := &kgo.Record{Topic: "jobs", Key: []byte(id), Value: []byte(id),
				Headers: []kgo.RecordHeader{{Key: "weir.message.id", Value: []byte(id)}}}
			if cl.ProduceSync(context.Background(), r).FirstErr() == nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		q.mu.Lock()
		q.acked[id] = true
		q.mu.Unlock()
	}
}

// work accepts what is good and rejects what is bad.
func (q *queue) work(ctx context.Context) {
	cl := q.client(kgo.ShareGroup("workers"), kgo.ConsumeTopics("jobs"), kgo.FetchMaxWait(200*time.Millisecond), kgo.ShareMaxRecords(20))
	defer cl.Close()
	for ctx.Err() == nil {
		cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			q.mu.Lock()
			q.seen[string(r.Value)]++
			q.mu.Unlock()
			if bad(string(r.Value)) {
				r.Ack(kgo.AckReject)
			} else {
				r.Ack(kgo.AckAccept)
			}
		})
	}
}

// read gives how often each value is in a topic.
func (q *queue) read(topic string) map[string]int {
	q.t.Helper()
	cl := q.client(kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	defer cl.Close()
	there := map[string]int{}
	for {
		ctx, cancel := context.WithTimeout(q.t.Context(), time.Second)
		fetches := cl.PollFetches(ctx)
		cancel()
		if fetches.NumRecords() == 0 && len(there) > 0 {
			return there
		}
		fetches.EachRecord(func(r *kgo.Record) { there[string(r.Value)]++ })
	}
}

func (q *queue) await(what string, met func() bool) {
	q.t.Helper()
	for deadline := time.Now().Add(time.Minute); !met(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			q.t.Fatalf("%s: not within a minute", what)
		}
	}
}

func (q *queue) count() (acked, seen, letters int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for id := range q.seen {
		if bad(id) {
			letters++
		}
	}
	return len(q.acked), len(q.seen), letters
}

// TestKillQueue ends the broker while messages are sent, settled and given up: each that was answered is in the topic once, workers get
// all of them, and each that they reject has one dead letter, and no other has.
func TestKillQueue(t *testing.T) {
	b := brokers.Weir(t, map[string]string{"group.share.assignment.interval.ms": "0"})
	q := &queue{t: t, b: b, acked: map[string]bool{}, seen: map[string]int{}}
	adm := q.client()
	defer adm.Close()
	window := "3600000"
	made, err := kadm.NewClient(adm).CreateTopic(t.Context(), 2, -1, map[string]*string{"weir.dedup.window.ms": &window}, "jobs")
	if err != nil || made.Err != nil {
		t.Fatal(err, made.Err)
	}
	q.configure(adm)
	ctx, stop := context.WithCancel(t.Context())
	working, quit := context.WithCancel(t.Context())
	defer stop()
	defer quit()
	for range 3 {
		q.done.Go(func() { q.produce(ctx) })
	}
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() { q.work(working) })
	}
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	rounds := kills(t, 12)
	for range rounds {
		acked, seen, _ := q.count()
		q.await("messages are sent and received", func() bool {
			nowAcked, nowSeen, _ := q.count()
			return nowAcked >= acked+30 && nowSeen >= seen+30
		})
		time.Sleep(time.Duration(rng.IntN(20_000)) * time.Microsecond) // the moment of the kill
		b.Kill()
		b.Start()
	}
	stop()
	q.done.Wait()
	q.await("all are received", func() bool {
		acked, seen, _ := q.count()
		return seen >= acked
	})
	_, _, want := q.count()
	q.await("all letters are written", func() bool { return len(q.read("dlq.jobs")) >= want })
	quit()
	workers.Wait()
	there, letters := q.read("jobs"), q.read("dlq.jobs")
	q.mu.Lock()
	defer q.mu.Unlock()
	again := 0
	for id := range q.acked {
		if there[id] != 1 {
			t.Errorf("message %s is there %d times", id, there[id])
		}
		if n := letters[id]; bad(id) && n != 1 || !bad(id) && n != 0 {
			t.Errorf("message %s has %d dead letters", id, n)
		}
		again += q.seen[id] - 1
	}
	t.Logf("%d kills, %d messages, %d dead letters, %d deliveries more than one", rounds, len(q.acked), len(letters), again)
}
