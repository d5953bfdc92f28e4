package broker

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// The recipes of docs/queue.md. Each works off jobs with workers that die at bad moments, and looks at how often each was done.

const recipeJobs = 40

// recipe sends jobs, and has workers that die take them until nothing is left. work says whether the worker lives on.
func recipe(t *testing.T, b *Broker, work func(ctx context.Context, c *kgo.Client, r *kgo.Record) (lives bool)) {
	t.Helper()
	topic(t, b, "jobs", 1)
	setGroup(t, b, "workers", "share.auto.offset.reset=earliest", "share.delivery.count.limit=10")
	var texts []string
	for i := range recipeJobs {
		texts = append(texts, fmt.Sprint(i))
	}
	send(t, b, "jobs", texts...)
	for settled := 0; settled < recipeJobs; {
		c := member(t, b, "workers", "jobs", kgo.ShareMaxRecords(4))
		for lives := true; lives && settled < recipeJobs; {
			ctx := limit(t)
			fetches := c.PollRecords(ctx, 1)
			if err := fetches.Err(); err != nil {
				t.Fatalf("%d jobs are settled: %v", settled, err)
			}
			fetches.EachRecord(func(r *kgo.Record) {
				if lives = work(ctx, c, r); lives {
					settled++
				}
			})
			if !lives {
				c.MarkAcks(kgo.AckRelease) // what a worker that is gone has not settled
			}
		}
		c.Close()
	}
}

// TestAtMostOnce: a job is accepted before it is done. A worker that dies in between leaves it undone.
func TestAtMostOnce(t *testing.T) {
	b := openDir(t, t.TempDir(), assignAtOnce)
	rng := rand.New(rand.NewPCG(5, 6))
	done := map[string]int{}
	settled := 0
	recipe(t, b, func(ctx context.Context, c *kgo.Client, r *kgo.Record) bool {
		if rng.IntN(4) == 0 {
			return false // dies before it has accepted
		}
		r.Ack(kgo.AckAccept)
		if err := c.FlushAcks(ctx); err != nil {
			t.Fatal(err)
		}
		if settled++; settled%10 != 0 { // else it dies before it has done anything; the next goes on with the others
			done[string(r.Value)]++
		}
		return true
	})
	for job, n := range done {
		if n != 1 {
			t.Errorf("job %s was done %d times", job, n)
		}
	}
	if len(done) != recipeJobs-recipeJobs/10 {
		t.Errorf("%d jobs were done", len(done))
	}
}

// TestAtLeastOnce: a job is accepted when it is done. A worker that dies in between has it done again.
func TestAtLeastOnce(t *testing.T) {
	b := openDir(t, t.TempDir(), assignAtOnce)
	rng := rand.New(rand.NewPCG(7, 8))
	done := map[string]int{}
	recipe(t, b, func(ctx context.Context, c *kgo.Client, r *kgo.Record) bool {
		done[string(r.Value)]++
		if rng.IntN(4) == 0 {
			return false
		}
		r.Ack(kgo.AckAccept)
		if err := c.FlushAcks(ctx); err != nil {
			t.Fatal(err)
		}
		return true
	})
	again := 0
	for _, n := range done {
		again += n - 1
	}
	if len(done) != recipeJobs || again == 0 {
		t.Errorf("%d jobs were done, %d times again", len(done), again)
	}
}

// TestExactlyOnce: what a job results in is sent, with an id made of the job's place, to a topic that takes each id once; then the job
// is accepted.
func TestExactlyOnce(t *testing.T) {
	b := openDir(t, t.TempDir(), assignAtOnce)
	topic(t, b, "results", 1, "weir.dedup.window.ms=3600000")
	rng := rand.New(rand.NewPCG(9, 10))
	producer := client(t, b)
	attempts := 0
	recipe(t, b, func(ctx context.Context, c *kgo.Client, r *kgo.Record) bool {
		attempts++
		id := fmt.Sprintf("%s/%d/%d", r.Topic, r.Partition, r.Offset)
		result := &kgo.Record{Topic: "results", Value: r.Value, Headers: []kgo.RecordHeader{{Key: "weir.message.id", Value: []byte(id)}}}
		if err := producer.ProduceSync(ctx, result).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if rng.IntN(4) == 0 {
			return false
		}
		r.Ack(kgo.AckAccept)
		if err := c.FlushAcks(ctx); err != nil {
			t.Fatal(err)
		}
		return true
	})
	seen := map[string]bool{}
	for _, r := range consumeN(t, b, "results", recipeJobs) {
		if seen[string(r.Value)] {
			t.Errorf("the result of job %s is there twice", r.Value)
		}
		seen[string(r.Value)] = true
	}
	if attempts <= recipeJobs {
		t.Errorf("%d attempts: no worker died", attempts)
	}
}
