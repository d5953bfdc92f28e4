//go:build clients

package clients

import (
	"context"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/tests/brokers"
)

// TestStreamsKills kills the broker and the application of Kafka Streams in turn while lines come in: each word is counted exactly as
// often as it was written, one by one. WEIR_STREAMS_KILLS is how often each is killed.
func TestStreamsKills(t *testing.T) {
	kills := 2
	if v := os.Getenv("WEIR_STREAMS_KILLS"); v != "" {
		var err error
		if kills, err = strconv.Atoi(v); err != nil {
			t.Fatalf("WEIR_STREAMS_KILLS: %v", err)
		}
	}
	a := newStreamsApp(t, brokers.Weir(t, quickTimeouts), "classic")
	a.start()
	stop := a.flow()
	a.awaitProgress()
	for i := range kills {
		a.broker.Kill()
		a.broker.Start()
		a.awaitProgress()
		a.jvm.kill()
		if i%2 == 1 {
			a.forget()
		}
		a.start()
		a.awaitProgress()
	}
	stop()
	a.awaitAnswers("counts", a.total)
	a.jvm.stop()
	a.checkCounts(1)
	t.Logf("%d words after %d kills of the broker and %d of the application", a.total, kills, kills)
}

// flow writes lines until the function that it returns is called, which then waits until all are stored.
func (a *streamsApp) flow() (stop func()) {
	cl, err := kgo.NewClient(a.ref.cl.Opts()...)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(cl.Close)
	ctx, cancel := context.WithCancel(a.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			for _, r := range a.lines(4) {
				cl.Produce(a.t.Context(), r, func(_ *kgo.Record, err error) {
					if err != nil && a.t.Context().Err() == nil {
						a.t.Errorf("write a line: %v", err)
					}
				})
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	})
	a.t.Cleanup(func() { cancel(); wg.Wait() })
	return func() {
		cancel()
		wg.Wait()
		if err := cl.Flush(a.t.Context()); err != nil {
			a.t.Fatal(err)
		}
	}
}

// awaitProgress waits until many more answers are committed than there are now.
func (a *streamsApp) awaitProgress() {
	a.t.Helper()
	before := a.committedAnswers()
	await(a.t, streamsReady, "the application goes on", func() bool {
		if !a.jvm.running() {
			a.t.Fatalf("the application gave up: %v", a.jvm.cmd.ProcessState)
		}
		return a.committedAnswers() > before+500
	})
}

// committedAnswers is how far the last stable offsets of the counts are.
func (a *streamsApp) committedAnswers() (n int64) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), time.Minute)
	defer cancel()
	ends, err := a.ref.adm.ListCommittedOffsets(ctx, "counts")
	if err != nil || ends.Error() != nil {
		a.t.Fatalf("last stable offsets of the counts: %v %v", err, ends.Error())
	}
	for _, e := range ends["counts"] {
		n += e.Offset
	}
	return n
}
