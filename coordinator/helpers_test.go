package coordinator

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"weir/internal/clock"
	"weir/log"
	"weir/record"
)

// counters is a machine that keeps named numbers: a record's key is the name, its value the number in
// decimal.
type counters struct {
	numbers map[string]string
	pending map[int64][]Record // by producer
	ended   func()             // called when a transaction has ended, if not nil
	parked  []*Future[string]
	loaded  int
	timer   *Timer
	fired   int
}

func newCounters(int32) *counters {
	return &counters{numbers: make(map[string]string), pending: make(map[int64][]Record)}
}

func (c *counters) ApplyPending(r Record, p Producer, undo *Undo) error {
	before := c.pending[p.ID]
	own := Record{append([]byte{}, r.Key...), append([]byte{}, r.Value...)}
	c.pending[p.ID] = append(before[:len(before):len(before)], own)
	undo.Add(func() { c.pending[p.ID] = before })
	return nil
}

func (c *counters) EndPending(producerID int64, n int, commit bool) {
	for _, r := range c.pending[producerID][:n] {
		if commit {
			c.numbers[string(r.Key)] = string(r.Value)
		}
	}
	if c.pending[producerID] = c.pending[producerID][n:]; len(c.pending[producerID]) == 0 {
		delete(c.pending, producerID)
	}
	if c.ended != nil {
		c.ended()
	}
}

func (c *counters) Apply(r Record, undo *Undo) error {
	if string(r.Key) == "bad" {
		return errors.New("bad record")
	}
	key := string(r.Key)
	old, had := c.numbers[key]
	if r.Value == nil {
		delete(c.numbers, key)
	} else {
		c.numbers[key] = string(r.Value)
	}
	undo.Add(func() {
		if had {
			c.numbers[key] = old
		} else {
			delete(c.numbers, key)
		}
	})
	return nil
}

func (c *counters) Loaded(*Tx) { c.loaded++ }

func (c *counters) Unloaded(err error) {
	for _, f := range c.parked {
		f.Complete("", err)
	}
}

type rig struct {
	t     *testing.T
	log   *MemoryLog
	clock *clock.Manual
	*Runtime[*counters]
}

func start(t *testing.T, c Config, l *MemoryLog) *rig {
	clk := clock.NewManual(time.UnixMilli(1_000_000))
	r := &rig{t, l, clk, New(c, newCounters, clk, slog.New(slog.DiscardHandler))}
	r.BecomeLeader(0, l)
	<-r.Loaded(0)
	t.Cleanup(func() { r.Resign(0) })
	return r
}

func (r *rig) set(key, value string) *Future[string] {
	return Decide(r.Runtime, 0, key, func(m *counters, tx *Tx) (string, error) {
		before := m.numbers[key]
		tx.Append(key, Record{[]byte(key), []byte(value)})
		return before, nil
	})
}

// setPending is set by a producer's transaction.
func (r *rig) setPending(producerID int64, key, value string) *Future[string] {
	return Decide(r.Runtime, 0, key, func(m *counters, tx *Tx) (string, error) {
		before := m.numbers[key]
		tx.AppendPending(key, Record{[]byte(key), []byte(value)}, Producer{producerID, 0}, log.Guard{})
		return before, nil
	})
}

func (r *rig) get(key string) *Future[string] {
	return Decide(r.Runtime, 0, key, func(m *counters, _ *Tx) (string, error) { return m.numbers[key], nil })
}

func (r *rig) all() *Future[string] {
	return Decide(r.Runtime, 0, "", func(m *counters, _ *Tx) (string, error) {
		return fmt.Sprint(m.numbers), nil
	})
}

// park asks for an answer that does not come.
func (r *rig) park() *Future[string] {
	return Park(r.Runtime, 0, "p", func(m *counters, _ *Tx, f *Future[string]) { m.parked = append(m.parked, f) })
}

// settled waits until the shard has decided and written everything that was queued, durable or not.
func (r *rig) settled() {
	for range 2 { // the second is decided after what was decided with the first has been written
		decided := make(chan struct{})
		Decide(r.Runtime, 0, "", func(*counters, *Tx) (string, error) { close(decided); return "", nil })
		<-decided
	}
}

func (r *rig) want(f *Future[string], want string) {
	r.t.Helper()
	if got, err := f.Result(); err != nil || got != want {
		r.t.Fatalf("got %q and %v; want %q", got, err, want)
	}
}

func (r *rig) wantErr(f *Future[string], want error) {
	r.t.Helper()
	if got, err := f.Result(); !errors.Is(err, want) {
		r.t.Fatalf("got %q and %v; want error %v", got, err, want)
	}
}

func (r *rig) wantOpen(f *Future[string]) {
	r.t.Helper()
	if v, err, ok := f.Peek(); ok {
		r.t.Fatalf("answered %q, %v before it was durable", v, err)
	}
}

// slowLog cannot be read before its gate is open.
type slowLog struct {
	*MemoryLog
	gate chan struct{}
}

func (l *slowLog) Read(offset int64, maxBytes int) ([]byte, error) {
	<-l.gate
	return l.MemoryLog.Read(offset, maxBytes)
}

func batchOf(records ...Record) *record.Batch {
	b := record.NewBuilder(record.Options{})
	for _, r := range records {
		b.Append(0, r.Key, r.Value)
	}
	built := b.Build()
	return &built
}
