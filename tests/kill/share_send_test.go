//go:build kill

package kill

import (
	"context"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/tests/checker"
)

// producer is a client that sends to the topic, a key to one partition.
func (j *jobs) producer(opts ...kgo.Opt) *kgo.Client {
	return j.client(append(opts, kgo.DefaultProduceTopic("work"), kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))...)
}

// record is the message of an id.
func (j *jobs) record(id string) (*kgo.Record, map[string]string) {
	var headers map[string]string
	if j.headers != nil {
		headers = j.headers()
	}
	n, _ := strconv.Atoi(id)
	r := kgo.KeyStringRecord(strconv.Itoa(n%keys), id)
	for name, value := range headers {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: name, Value: []byte(value)})
	}
	return r, headers
}

func placeOf(r *kgo.Record) checker.Place {
	return checker.Place{Partition: r.Partition, Offset: r.Offset}
}

// sendOnce sends message after message with an idempotent producer that tries until it is answered.
func sendOnce(j *jobs, ctx context.Context) {
	cl := j.producer()
	defer cl.Close()
	for ctx.Err() == nil {
		for range 10 {
			id := j.begin()
			r, headers := j.record(id)
			cl.Produce(context.Background(), r, func(r *kgo.Record, err error) {
				if err != nil {
					j.t.Errorf("message %s: %v", id, err)
					return
				}
				j.wasSent(id, placeOf(r), headers)
			})
		}
		if err := cl.Flush(context.Background()); err != nil {
			j.t.Errorf("send: %v", err)
		}
		j.awaitRoom(ctx)
	}
}

// sendAgain sends each message until it is answered, and some of them much later once more. It has no number, so that only the id tells
// a message that is there.
func sendAgain(j *jobs, ctx context.Context) {
	cl := j.producer(kgo.DisableIdempotentWrite(), kgo.RequestRetries(0), kgo.RecordRetries(0), kgo.RecordDeliveryTimeout(time.Second))
	defer cl.Close()
	for ctx.Err() == nil {
		j.sendUntil(cl, j.begin(), j.begin(), j.begin(), j.begin(), j.begin())
		j.sendUntil(cl, j.earlier())
		j.awaitRoom(ctx)
	}
}

// sendUntil sends messages until they are answered.
func (j *jobs) sendUntil(cl *kgo.Client, ids ...string) {
	for len(ids) > 0 {
		var rs []*kgo.Record
		for _, id := range ids {
			r, _ := j.record(id)
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: "weir.message.id", Value: []byte(id)})
			rs = append(rs, r)
		}
		ids = nil
		for _, result := range cl.ProduceSync(context.Background(), rs...) {
			id, at := string(result.Record.Value), placeOf(result.Record)
			if result.Err != nil {
				ids = append(ids, id)
				continue
			}
			if len(rs) > 1 { // what is known already of a batch is told an offset that stays empty
				at = nowhere
			}
			j.wasSent(id, at, nil)
		}
	}
}

// earlier is a message that was sent some time ago.
func (j *jobs) earlier() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.count == 0 {
		return "0"
	}
	return strconv.Itoa(rand.IntN(j.count))
}

// sendHTTP sends each message until it is answered, and some once more.
func sendHTTP(j *jobs, ctx context.Context) {
	h := j.crews[0].newCaller(context.WithoutCancel(ctx)).(*caller)
	defer h.close()
	for ctx.Err() == nil {
		id := j.begin()
		if rand.IntN(5) == 0 {
			id = j.earlier()
		}
		n, _ := strconv.Atoi(id)
		message := map[string]any{"id": id, "key": strconv.Itoa(n % keys), "value": id, "priority": n % 10}
		headers := map[string]string{}
		switch n % 4 { // the same whenever it is sent
		case 0:
			message["delay_ms"] = 100 + n%900
		case 1:
			message["ttl_ms"] = 50 + n%3000
			headers["weir.ttl"] = "there is one"
		}
		at, err := h.send(message)
		if err != nil {
			j.t.Errorf("message %s: %v", id, err)
			return
		}
		j.wasSent(id, at, headers)
		j.awaitRoom(ctx)
	}
}

// sendTransactions sends a few messages in each transaction, and aborts some.
func sendTransactions(j *jobs, ctx context.Context) {
	for ctx.Err() == nil {
		transact(j, ctx)
	}
}

// transact runs transactions until one has an end that is not known.
func transact(j *jobs, ctx context.Context) {
	cl := j.producer(kgo.TransactionalID("sender"), kgo.TransactionTimeout(10*time.Second))
	defer cl.Close()
	for ctx.Err() == nil {
		if cl.BeginTransaction() != nil {
			return
		}
		places := map[string]checker.Place{}
		var rs []*kgo.Record
		for range 1 + rand.IntN(20) {
			r, _ := j.record(j.begin())
			rs = append(rs, r)
		}
		for _, result := range cl.ProduceSync(context.Background(), rs...) {
			if result.Err != nil {
				return // the next of this id ends it
			}
			places[string(result.Record.Value)] = placeOf(result.Record)
		}
		commit := rand.IntN(4) > 0
		if cl.EndTransaction(context.Background(), kgo.TransactionEndTry(commit)) != nil {
			return
		}
		for id, at := range places {
			if commit {
				j.wasSent(id, at, nil)
			}
		}
		j.awaitRoom(ctx)
	}
}
