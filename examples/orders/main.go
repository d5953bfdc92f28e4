// Orders is one topic read in four ways at once. Payment and inventory are fleets of workers: each takes single orders, and says of
// each whether it is done, is to be tried again, or is hopeless (a dead letter). The mailer is a consumer group. Analytics reads all of
// it again from the start.
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

const topic = "orders"

// order is the value of a record. Those with an amount of 0 nobody can pay.
type order struct {
	ID     int
	Amount int
}

var bootstrap = flag.String("bootstrap", "127.0.0.1:9092", "address of the broker")

func main() {
	orders := flag.Int("orders", 200, "how many are placed")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := run(ctx, *orders); err != nil {
		slog.Error("orders", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n int) error {
	if err := prepare(ctx); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	sum, unpayable, err := place(ctx, n)
	if err != nil {
		return fmt.Errorf("place orders: %w", err)
	}
	payment, inventory, mailer := newTally(n), newTally(n), newTally(n)
	working, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() { work(working, "payment", payment, pay) })
		all.Go(func() {
			work(working, "inventory", inventory, func(order, int32) kgo.AckStatus { return kgo.AckAccept })
		})
	}
	all.Go(func() { mail(working, mailer) })
	for _, t := range []*tally{payment, inventory, mailer} {
		select {
		case <-t.full:
		case <-ctx.Done():
			return errors.New("not all orders were worked off in time")
		}
	}
	stop()
	all.Wait()
	replayed, err := replay(ctx, n)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	fmt.Printf("%d orders: %d paid, %d refused, %d reserved, %d mailed; %d of %d in the replay\n", n, payment.count(kgo.AckAccept),
		payment.count(kgo.AckReject), inventory.count(kgo.AckAccept), mailer.count(kgo.AckAccept), replayed, sum)
	if again := payment.again + inventory.again + mailer.again; again > 0 {
		return fmt.Errorf("%d orders were worked off twice", again)
	}
	if letters, err := deadLetters(ctx, unpayable); err != nil || letters != unpayable {
		return fmt.Errorf("%d dead letters, want %d: %w", letters, unpayable, err)
	}
	if replayed != sum || payment.count(kgo.AckReject) != unpayable || payment.count(kgo.AckAccept) != n-unpayable {
		return errors.New("the figures do not fit together")
	}
	return nil
}

// prepare makes the topic, and tells the groups where to begin and where hopeless orders go.
func prepare(ctx context.Context) error {
	cl, err := connect()
	if err != nil {
		return err
	}
	defer cl.Close()
	if _, err := kadm.NewClient(cl).CreateTopic(ctx, 3, 1, nil, topic); err != nil {
		return err
	}
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	for _, group := range []string{"payment", "inventory"} {
		r := kmsg.NewIncrementalAlterConfigsRequestResource()
		r.ResourceType, r.ResourceName = kmsg.ConfigResourceTypeGroupConfig, group
		for name, value := range map[string]string{"share.auto.offset.reset": "earliest", "errors.deadletterqueue.topic.name": "dlq." + topic} {
			c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
			c.Name, c.Value = name, &value
			r.Configs = append(r.Configs, c)
		}
		req.Resources = append(req.Resources, r)
	}
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		return err
	}
	return errors.Join(kerr.ErrorForCode(resp.Resources[0].ErrorCode), kerr.ErrorForCode(resp.Resources[1].ErrorCode))
}

func place(ctx context.Context, n int) (sum, unpayable int, err error) {
	cl, err := connect(kgo.DefaultProduceTopic(topic))
	if err != nil {
		return 0, 0, err
	}
	defer cl.Close()
	for id := range n {
		o := order{ID: id, Amount: id % 20}
		if o.Amount == 0 {
			unpayable++
		}
		sum += o.Amount
		value, err := json.Marshal(o)
		if err != nil {
			return 0, 0, err
		}
		cl.Produce(ctx, &kgo.Record{Key: fmt.Append(nil, "customer-", id%7), Value: value}, func(_ *kgo.Record, failed error) {
			if failed != nil {
				slog.Error("place order", "error", failed)
			}
		})
	}
	return sum, unpayable, cl.Flush(ctx)
}

// work is one worker of a fleet: a member of a share group.
func work(ctx context.Context, group string, t *tally, do func(o order, delivery int32) kgo.AckStatus) {
	cl, err := connect(kgo.ShareGroup(group), kgo.ConsumeTopics(topic))
	if err != nil {
		slog.Error("work", "group", group, "error", err)
		return
	}
	defer cl.Close()
	for ctx.Err() == nil {
		said := map[int]kgo.AckStatus{}
		for _, r := range cl.PollFetches(ctx).Records() {
			var o order
			status := kgo.AckReject // what cannot be read is hopeless
			if json.Unmarshal(r.Value, &o) == nil {
				status = do(o, r.DeliveryCount())
			}
			r.Ack(status)
			said[o.ID] = status
		}
		if err := cl.FlushAcks(ctx); err == nil { // else they come again
			t.note(said)
		}
	}
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

// mail is a consumer group: each order once, in order, committed after it was mailed.
func mail(ctx context.Context, t *tally) {
	cl, err := connect(kgo.ConsumerGroup("email"), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		slog.Error("mail", "error", err)
		return
	}
	defer cl.Close()
	for ctx.Err() == nil {
		mailed := map[int]kgo.AckStatus{}
		for _, r := range cl.PollFetches(ctx).Records() {
			var o order
			if json.Unmarshal(r.Value, &o) == nil {
				mailed[o.ID] = kgo.AckAccept
			}
		}
		if err := cl.CommitUncommittedOffsets(ctx); err == nil {
			t.note(mailed)
		}
	}
}

func connect(opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append(opts, kgo.SeedBrokers(*bootstrap))...)
}
