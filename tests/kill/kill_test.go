//go:build kill

package kill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"weir/tests/brokers"
	"weir/tests/checker"
)

func TestMain(m *testing.M) { brokers.Main(m) }

// kills is how many there are: n, unless WEIR_KILLS says otherwise.
func kills(t *testing.T, n int) int {
	if s := os.Getenv("WEIR_KILLS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatalf("WEIR_KILLS: %v", err)
		}
	}
	return n
}

func newLoad(t *testing.T, b *brokers.Broker) *load {
	return &load{t: t, addr: b.Addr, history: &checker.History{}, began: time.Now(),
		ids: map[[16]byte]string{}}
}

// TestKill ends the broker at random moments of the load.
func TestKill(t *testing.T) {
	b := brokers.Weir(t, nil)
	l := newLoad(t, b)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	l.createTopics(ctx)
	l.start(ctx)
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	var created []string
	var slowest time.Duration
	idle := 0
	for i := range kills(t, 100) {
		before := l.acked.Load()
		created = append(created, l.createOne(ctx, i)...)
		time.Sleep(time.Duration(20+rng.IntN(500)) * time.Millisecond) // the moment of the kill
		if l.acked.Load() == before {
			idle++
		}
		b.Kill()
		slowest = max(slowest, b.Start())
	}
	stop()
	l.done.Wait()
	t.Logf("the slowest start took %v; %d kills came before anything was acknowledged", slowest, idle)
	if slowest > 2*time.Second {
		t.Errorf("a start took %v", slowest)
	}
	if idle > kills(t, 100)/2 {
		t.Errorf("%d of %d kills met no load", idle, kills(t, 100))
	}
	l.judge(created)
}

// createOne creates a topic; its name is returned if that was acknowledged.
func (l *load) createOne(ctx context.Context, i int) []string {
	cl := l.client()
	defer cl.Close()
	name := fmt.Sprintf("created-%d", i)
	if r, err := kadm.NewClient(cl).CreateTopic(ctx, 2, 1, nil, name); err != nil || r.Err != nil {
		return nil
	}
	return []string{name}
}

// judge reads everything once more from the start and has the checker look at the whole history.
func (l *load) judge(created []string) {
	t := l.t
	t.Helper()
	cl := l.client(assigned())
	defer cl.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ends, err := kadm.NewClient(cl).ListEndOffsets(ctx, "fsynced", "pagecache")
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]int64{} // last offset of every partition that is not read to its end
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[key(o.Topic, o.Partition)] = o.Offset - 1
		}
	})
	for len(left) > 0 {
		op := polled(100, cl.PollFetches(ctx))
		if ctx.Err() != nil {
			t.Fatalf("the final read is stuck; it has not reached %v", left)
		}
		for _, r := range op.Records {
			if last, ok := left[r.Key]; ok && r.Offset >= last {
				delete(left, r.Key)
			}
		}
		l.history.Add(op)
	}
	listed, err := kadm.NewClient(cl).ListTopics(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range created {
		if !listed.Has(name) {
			t.Errorf("topic %s was created and is gone", name)
		}
	}
	began := time.Now()
	report := checker.Check(l.history)
	t.Logf("%v\n%d commits acknowledged, %d topics created; judged in %v", report, l.commits.Load(), len(created),
		time.Since(began))
	if !report.OK() {
		t.Error("the history is not sound")
	}
	if report.Acked < 1000 || l.commits.Load() < 100 || l.read.Load() < 1000 {
		t.Error("there was too little load to judge")
	}
}

// TestStopUnderLoad asks the broker to end while it works: it ends within ten seconds with its marker set,
// and the next start has nothing to recover.
func TestStopUnderLoad(t *testing.T) {
	b := brokers.Weir(t, nil)
	l := newLoad(t, b)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	l.createTopics(ctx)
	l.start(ctx)
	starts := 1
	for range 5 {
		acked, commits := l.acked.Load()+2000, l.commits.Load()+50
		l.await("the load goes on", func() bool { return l.acked.Load() > acked && l.commits.Load() > commits })
		if took := b.Stop(); took > 10*time.Second {
			t.Errorf("it took %v to stop", took)
		}
		took := b.Start()
		starts++
		var ready []string
		l.await("the start is in the log", func() bool { ready = readyLines(b); return len(ready) == starts })
		t.Logf("started in %v: %s", took, ready[starts-1])
		if !strings.Contains(ready[starts-1], "clean=true") {
			t.Error("the start after a stop was not clean")
		}
	}
	stop()
	l.done.Wait()
	l.judge(nil)
}

// readyLines are what the broker said each time it was ready.
func readyLines(b *brokers.Broker) []string {
	var ready []string
	for line := range strings.Lines(b.Tail(1 << 20)) {
		if strings.Contains(line, "weir is ready") && strings.HasSuffix(line, "\n") {
			ready = append(ready, strings.TrimSpace(line))
		}
	}
	return ready
}

// await waits for what the load or the broker's log will show.
func (l *load) await(what string, reached func() bool) {
	l.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !reached(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("not within 30 s: %s", what)
		}
	}
}
