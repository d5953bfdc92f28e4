// Orders is one topic read in four ways at once. Payment, inventory and email are share groups, each with workers that take single
// orders and say of each whether it is done, is to be tried again, or is hopeless (a dead letter). Analytics reads all of it again from
// the start.
//
//	weir serve
//	go run ./examples/orders --bootstrap 127.0.0.1:9092 --orders 200
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const topic, letters = "orders", "dlq.orders"

// order is the value of a record. Those with an amount of 0 nobody can pay.
type order struct{ ID, Amount int }

// fleet is the workers of one share group.
type fleet struct {
	group string
	size  int
	do    func(o order, delivery int32) kgo.AckStatus
	stop  context.CancelFunc // called when all orders are settled

	mu                     sync.Mutex // guards what follows
	settled                map[int]bool
	refused, again, double int // of the orders: hopeless; tried again; settled twice
}

func main() {
	bootstrap := flag.String("bootstrap", "127.0.0.1:9092", "address of the broker")
	orders := flag.Int("orders", 200, "how many are placed")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := run(ctx, kgo.SeedBrokers(*bootstrap), *orders); err != nil {
		slog.Error("orders", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, broker kgo.Opt, n int) error {
	done := func(order, int32) kgo.AckStatus { return kgo.AckAccept }
	fleets := []*fleet{{group: "payment", size: 3, do: pay}, {group: "inventory", size: 2, do: done}, {group: "email", size: 1, do: done}}
	cl, err := kgo.NewClient(broker, kgo.DefaultProduceTopic(topic))
	if err != nil {
		return err
	}
	defer cl.Close()
	if err := prepare(ctx, cl, fleets); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	if err := place(ctx, cl, n); err != nil {
		return fmt.Errorf("place orders: %w", err)
	}
	var workers sync.WaitGroup
	for _, f := range fleets {
		working, stop := context.WithCancel(ctx)
		defer stop()
		f.settled, f.stop = map[int]bool{}, stop
		for range f.size {
			workers.Go(func() { f.work(working, broker, n) })
		}
	}
	workers.Wait()
	for _, f := range fleets {
		fmt.Printf("%s: %d done, %d refused, %d at the second try, %d twice\n", f.group, len(f.settled)-f.refused, f.refused, f.again, f.double)
	}
	return errors.Join(replay(ctx, broker, letters, fleets[0].refused), replay(ctx, broker, topic, n))
}

// prepare makes the topic, and tells the groups where to begin and where hopeless orders go.
func prepare(ctx context.Context, cl *kgo.Client, fleets []*fleet) error {
	if _, err := kadm.NewClient(cl).CreateTopic(ctx, 3, 1, nil, topic); err != nil {
		return err
	}
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	for _, f := range fleets {
		r := kmsg.NewIncrementalAlterConfigsRequestResource()
		r.ResourceType, r.ResourceName = kmsg.ConfigResourceTypeGroupConfig, f.group
		for name, value := range map[string]string{"share.auto.offset.reset": "earliest", "errors.deadletterqueue.topic.name": letters} {
			c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
			c.Name, c.Value = name, &value
			r.Configs = append(r.Configs, c)
		}
		req.Resources = append(req.Resources, r)
	}
	resp, err := req.RequestWith(ctx, cl)
	for i := 0; err == nil && i < len(resp.Resources); i++ {
		err = kerr.ErrorForCode(resp.Resources[i].ErrorCode)
	}
	return err
}

// place writes n orders; those of one customer stay in order.
func place(ctx context.Context, cl *kgo.Client, n int) error {
	var records []*kgo.Record
	for id := range n {
		value := fmt.Appendf(nil, `{"id": %d, "amount": %d}`, id, id%20)
		records = append(records, &kgo.Record{Key: fmt.Append(nil, "customer-", id%7), Value: value})
	}
	return cl.ProduceSync(ctx, records...).FirstErr()
}

// pay refuses what cannot be paid; the bank is away now and then.
func pay(o order, delivery int32) kgo.AckStatus {
	switch {
	case o.Amount == 0:
		return kgo.AckReject
	case o.ID%10 == 3 && delivery == 1:
		return kgo.AckRelease
	}
	return kgo.AckAccept
}

// work is one worker: a member of the share group.
func (f *fleet) work(ctx context.Context, broker kgo.Opt, n int) {
	cl, err := kgo.NewClient(broker, kgo.ShareGroup(f.group), kgo.ConsumeTopics(topic))
	if err != nil {
		slog.Error("work", "group", f.group, "error", err)
		return
	}
	defer cl.Close()
	for ctx.Err() == nil {
		said := map[int]kgo.AckStatus{}
		for _, r := range cl.PollFetches(ctx).Records() {
			var o order
			status := kgo.AckReject // what cannot be read is hopeless
			if json.Unmarshal(r.Value, &o) == nil {
				status = f.do(o, r.DeliveryCount())
				said[o.ID] = status
			}
			r.Ack(status)
		}
		if err := cl.FlushAcks(ctx); err == nil { // else they come again
			f.note(said, n)
		}
	}
}

// note takes down what was said of orders, once the broker knows.
func (f *fleet) note(said map[int]kgo.AckStatus, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, status := range said {
		switch {
		case status == kgo.AckRelease:
			f.again++
		case f.settled[id]:
			f.double++
		default:
			f.settled[id] = true
			if status == kgo.AckReject {
				f.refused++
			}
			if len(f.settled) == n {
				f.stop()
			}
		}
	}
}

// replay reads n orders from the start of a topic, and adds their amounts up.
func replay(ctx context.Context, broker kgo.Opt, from string, n int) error {
	cl, err := kgo.NewClient(broker, kgo.ConsumeTopics(from), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer cl.Close()
	seen, sum := 0, 0
	for seen < n {
		fetches := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("%s has %d of %d orders", from, seen, n)
		}
		for _, r := range fetches.Records() {
			var o order
			if err := json.Unmarshal(r.Value, &o); err != nil {
				return fmt.Errorf("read %s: %w", from, err)
			}
			seen, sum = seen+1, sum+o.Amount
		}
	}
	fmt.Printf("%s: %d replayed, worth %d\n", from, seen, sum)
	return nil
}
