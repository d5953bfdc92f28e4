//go:build compare

package compare

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/bench"
	"weir/bench/kafka"
	"weir/tests/brokers"
)

// transactionalIDs is how many ids each broker knows.
const transactionalIDs = 100_000

// TestServesTransactionalIDs prints what memory each broker needs that knows a hundred thousand transactional ids, and how soon
// after a restart it serves all of them, from when its process was started; and checks that none is lost.
func TestServesTransactionalIDs(t *testing.T) {
	for _, b := range []*brokers.Broker{brokers.Weir(t, nil), brokers.Measured(t, brokers.KindKafka, nil)} {
		introduceAll(t, b)
		showMemory(t, b, "made known")
		for _, how := range []string{"a restart", "a kill -9"} {
			if how == "a restart" {
				b.Stop()
			} else {
				b.Kill()
			}
			began := time.Now()
			answers := b.Start()
			serves, n := awaitTransactionalIDs(t, b, began)
			if n < transactionalIDs {
				t.Errorf("%s: after %s it knows %d transactional ids; want %d", b.Kind, how, n, transactionalIDs)
			}
			showMemory(t, b, fmt.Sprintf("after %s answers in %s, serves all in %s", how, answers.Round(time.Millisecond), serves.Round(time.Millisecond)))
		}
		b.Stop()
	}
}

func showMemory(t *testing.T, b *brokers.Broker, what string) {
	rss, err := b.RSS()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%s: %d transactional ids: %s; %d MiB resident\n", b.Kind, transactionalIDs, what, rss>>20)
}

// introduceAll makes the ids known.
func introduceAll(t *testing.T, b *brokers.Broker) {
	c := bench.Default(bench.TransactionalIDs)
	c.Runs, c.WarmUp, c.TransactionalIDs = 1, 0, transactionalIDs
	if _, err := bench.Run(t.Context(), c, []bench.Target{{Name: b.Kind, Bootstrap: b.Addr}}, kafka.Open, nil); err != nil {
		t.Fatal(err)
	}
}

// probedIDs are asked for one by one: enough that some live on every shard.
const probedIDs = 500

// awaitTransactionalIDs waits until every shard answers for its ids, then lists all ids and gives their number.
func awaitTransactionalIDs(t *testing.T, b *brokers.Broker, began time.Time) (time.Duration, int) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Addr), kgo.RequestRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var asked sync.WaitGroup
	for first := range 4 {
		asked.Go(func() {
			for i := first; i < probedIDs; i += 4 {
				if err := awaitTransactionalID(ctx, cl, fmt.Sprintf("weir-bench-probe-%d", i)); err != nil {
					t.Errorf("%s: %v", b.Kind, err)
					return
				}
			}
		})
	}
	asked.Wait()
	serves := time.Since(began)
	listed, err := kadm.NewClient(cl).ListTransactions(ctx, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return serves, len(listed.TransactionalIDs())
}

// awaitTransactionalID asks for an id until its coordinator has loaded it.
func awaitTransactionalID(ctx context.Context, cl *kgo.Client, id string) error {
	for {
		request := kmsg.NewPtrDescribeTransactionsRequest()
		request.TransactionalIDs = []string{id}
		answer, err := request.RequestWith(ctx, cl)
		if err == nil {
			if err = kerr.ErrorForCode(answer.TransactionStates[0].ErrorCode); err == nil {
				return nil
			}
		}
		if errors.Is(err, kerr.TransactionalIDNotFound) {
			return fmt.Errorf("%s is lost: %w", id, err)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s is not served: %w", id, err)
		}
		time.Sleep(time.Millisecond)
	}
}
