//go:build kill

package transactions

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/tests/brokers"
	"weir/tests/checker"
	"weir/tests/proxy"
)

// told is the variable in which a client process finds its orders.
const told = "TRANSACTIONS_CLIENT"

// TestMain is a client process if it has orders.
func TestMain(m *testing.M) {
	if o := os.Getenv(told); o != "" {
		obey(o)
	}
	brokers.Main(m)
}

func obey(o string) {
	var given orders
	if err := json.Unmarshal([]byte(o), &given); err != nil {
		panic(err)
	}
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1)) // until the test's process has gone
		os.Exit(0)
	}()
	c, err := newClient(given)
	if err != nil {
		panic(err)
	}
	c.run(context.Background())
}

// faults are what a run has to reach.
type faults struct {
	kills int           // of the broker
	late  int           // ends of transactions that reach the broker late
	most  time.Duration // by which a request is late
}

// ordinary are the faults of a run, unless WEIR_TXN_KILLS and WEIR_TXN_LATE say otherwise.
func ordinary(t *testing.T) faults {
	f := faults{kills: 8, late: 40, most: 3 * time.Second}
	for name, at := range map[string]*int{"WEIR_TXN_KILLS": &f.kills, "WEIR_TXN_LATE": &f.late} {
		if s := os.Getenv(name); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			*at = n
		}
	}
	if s := os.Getenv("WEIR_TXN_DELAY"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatalf("WEIR_TXN_DELAY: %v", err)
		}
		f.most = d
	}
	return f
}

// run is one run: a broker, a proxy before it, client processes that speak through the proxy, readers that do not.
type run struct {
	t      *testing.T
	faults faults
	broker *brokers.Broker
	proxy  *proxy.Proxy
	dir    string
	seed   uint64

	next       int // number of the next client process
	files      []string
	living     []*living
	lateEnds   atomic.Int64
	late, lost atomic.Int64 // all delayed requests that arrived; answers and requests that did not

	committed, uncommitted checker.History // what the readers saw
}

// living is a client process.
type living struct {
	orders
	cmd *exec.Cmd
	end func()
}

// TestTransactions kills and delays until the faults are reached, then lets all be worked off, reads everything, and judges.
func TestTransactions(t *testing.T) {
	r := &run{t: t, faults: ordinary(t), broker: brokers.Weir(t, map[string]string{"num.partitions": strconv.Itoa(partitions)}),
		dir: keptDir(t), seed: uint64(time.Now().UnixNano())}
	t.Logf("seed %d", r.seed)
	p, err := proxy.Start(r.broker.Addr, r.fate, func(req proxy.Request) {
		r.late.Add(1)
		if req.Key == int16(kmsg.EndTxn) {
			r.lateEnds.Add(1)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	r.proxy = p
	defer p.Close()
	r.createTopics()
	for i := range 4 {
		r.launch(orders{Role: "writer", ID: fmt.Sprint("writer-", i), Generation: 1 + i%2})
	}
	for i := range int32(partitions) {
		r.launch(orders{Role: "processor", ID: fmt.Sprint("processor-", i), Partition: i, Generation: 1 + int(i)%2})
	}
	ctx, stop := context.WithCancel(t.Context())
	readers := r.read(ctx)
	kills, clients := r.disturb()
	for len(r.living) > 0 {
		r.living[0].end()
		r.living = r.living[1:]
	}
	r.finish()
	stop()
	readers()
	t.Logf("%d kills of the broker, %d of clients; %d requests arrived late, %d of them ends; %d answers or requests lost", kills, clients,
		r.late.Load(), r.lateEnds.Load(), r.lost.Load())
	r.judge()
}

// fate is the proxy's rule.
func (r *run) fate(req proxy.Request) proxy.Fate {
	dice := rand.IntN(1000)
	late, unanswered, cut := 0, 0, 0 // of 1,000
	switch kmsg.Key(req.Key) {
	case kmsg.EndTxn:
		late, unanswered, cut = 60, 40, 10
	case kmsg.AddPartitionsToTxn, kmsg.AddOffsetsToTxn, kmsg.TxnOffsetCommit:
		late, unanswered, cut = 20, 20, 5
	case kmsg.Produce:
		late, unanswered, cut = 3, 10, 2
	case kmsg.InitProducerID:
		unanswered, cut = 50, 10
	}
	switch {
	case dice < late:
		return proxy.Fate{Cut: true, Delay: time.Duration(rand.Int64N(int64(r.faults.most)))}
	case dice < late+unanswered:
		r.lost.Add(1)
		return proxy.Fate{Unanswered: true}
	case dice < late+unanswered+cut:
		r.lost.Add(1)
		return proxy.Fate{Cut: true}
	}
	return proxy.Fate{}
}

// direct is a client that does not go through the proxy.
func (r *run) direct(options ...kgo.Opt) *kgo.Client {
	r.t.Helper()
	cl, err := (&client{orders: orders{Addr: r.broker.Addr}}).kafka(options...)
	if err != nil {
		r.t.Fatal(err)
	}
	return cl
}

func (r *run) createTopics() {
	cl := r.direct()
	defer cl.Close()
	if _, err := kadm.NewClient(cl).CreateTopics(r.t.Context(), partitions, 1, nil, inputs, results); err != nil {
		r.t.Fatal(err)
	}
}

// launch starts a client process.
func (r *run) launch(o orders) {
	r.t.Helper()
	r.next++
	o.Addr, o.Process, o.Seed = r.proxy.Addr, r.next, r.seed
	o.File = filepath.Join(r.dir, fmt.Sprint(r.next, ".json"))
	text, err := json.Marshal(o)
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), told+"="+string(text))
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil {
		r.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.files = append(r.files, o.File)
	r.living = append(r.living, &living{orders: o, cmd: cmd, end: func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed, and nothing else was wanted
	}})
}

// disturb kills the broker and clients until the faults are reached.
func (r *run) disturb() (kills, clients int) {
	deadline := time.Now().Add(15 * time.Minute)
	for kills < r.faults.kills || r.lateEnds.Load() < int64(r.faults.late) {
		if time.Now().After(deadline) {
			r.t.Fatalf("after 15 minutes %d kills and %d late ends", kills, r.lateEnds.Load())
		}
		time.Sleep(time.Duration(200+rand.IntN(1300)) * time.Millisecond) // the moment of the fault
		if kills < r.faults.kills {
			r.broker.Kill()
			r.broker.Start()
			kills++
		}
		if rand.IntN(3) == 0 {
			at := rand.IntN(len(r.living))
			victim := r.living[at]
			victim.end()
			r.living = append(r.living[:at], r.living[at+1:]...)
			r.launch(victim.orders)
			clients++
		}
	}
	return kills, clients
}

// read follows both topics by committed and by all records, until the context ends; the function then waits for it.
func (r *run) read(ctx context.Context) (wait func()) {
	done := make(chan struct{}, 2)
	for process, to := range map[int]*checker.History{-1: &r.committed, -2: &r.uncommitted} {
		cl := r.direct(append(everything(), isolation(to == &r.committed))...)
		go func() {
			defer cl.Close()
			for ctx.Err() == nil {
				if records := cl.PollFetches(ctx).Records(); len(records) > 0 {
					op := polled(records, "")
					op.Process = process
					to.Add(op)
				}
			}
			done <- struct{}{}
		}()
	}
	return func() { <-done; <-done }
}

func everything() []kgo.Opt {
	at := map[int32]kgo.Offset{}
	for p := range int32(partitions) {
		at[p] = kgo.NewOffset().AtStart()
	}
	return []kgo.Opt{kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{inputs: at, results: at})}
}

func isolation(committed bool) kgo.Opt {
	if committed {
		return kgo.FetchIsolationLevel(kgo.ReadCommitted())
	}
	return kgo.FetchIsolationLevel(kgo.ReadUncommitted())
}

// keptDir is where the histories go: WEIR_TXN_DIR, to look at afterwards, or a directory that goes with the test.
func keptDir(t *testing.T) string {
	if dir := os.Getenv("WEIR_TXN_DIR"); dir != "" {
		return dir
	}
	return t.TempDir()
}
