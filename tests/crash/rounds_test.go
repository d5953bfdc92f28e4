package crash

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"weir/internal/clock"
	"weir/log"
	"weir/record"
	"weir/vfs"
)

// roundLogs is how many logs share the rounds.
const roundLogs = 3

// overlapped is what the world knows of logs whose rounds overlap in the journal.
type overlapped struct {
	mu    sync.Mutex // guards the fields below
	sent  [roundLogs]map[int64]string
	acked [roundLogs]int64

	d    *log.Directory
	logs [roundLogs]*log.Log
	n    int // batches so far
}

func (o *overlapped) open(fsys vfs.FS, clk clock.Clock, epoch int32) (err error) {
	if o.d, err = openDirectory(fsys, clk); err != nil {
		return err
	}
	for i := range o.logs {
		if o.logs[i], err = o.d.Open(partitionID(i), logConfig(), epoch); err != nil {
			return err
		}
	}
	return nil
}

func (o *overlapped) append(i int) error {
	o.n++
	b := record.NewBuilder(record.Options{})
	text := fmt.Sprintf("%d of %d", o.n, i)
	b.Append(start.UnixMilli(), []byte("k"), []byte(text))
	batch := b.Build()
	o.mu.Lock()
	o.sent[i][o.logs[i].EndOffset()] = text
	o.mu.Unlock()
	_, err := o.logs[i].Append(&batch, o.logs[i].LatestEpoch())
	return err
}

func (o *overlapped) acknowledge(i int, end int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.acked[i] = max(o.acked[i], end)
}

// alone syncs logs by themselves.
func (o *overlapped) alone(which ...int) error {
	for _, i := range which {
		end, err := o.logs[i].Sync()
		if err != nil {
			return err
		}
		o.acknowledge(i, end)
	}
	return nil
}

// end ends a round and acknowledges what it made durable.
func (o *overlapped) end(r *log.Round) error {
	for _, s := range r.End() {
		if s.OK {
			o.acknowledge(s.At, s.End)
		} else if err := o.alone(s.At); err != nil {
			return err
		}
	}
	return nil
}

// begin appends to logs and begins a round of all.
func (o *overlapped) begin(to ...int) (*log.Round, error) {
	for _, i := range to {
		if err := o.append(i); err != nil {
			return nil, err
		}
	}
	r, left := log.BeginRound(o.logs[:])
	return r, o.alone(left...)
}

// cut takes the last record of a log away: it must not come back.
func (o *overlapped) cut(i int) error {
	to := o.logs[i].EndOffset() - 1
	o.mu.Lock()
	o.acked[i] = min(o.acked[i], to)
	o.mu.Unlock()
	if err := o.logs[i].Truncate(to); err != nil {
		return err
	}
	o.mu.Lock()
	delete(o.sent[i], to)
	o.mu.Unlock()
	return nil
}

// step has two rounds under way at once, synced in either order, with other work on the logs meanwhile.
func (o *overlapped) step(n int) error {
	first, err := o.begin(0, 1, 2)
	if err != nil || first == nil {
		return err
	}
	second, err := o.begin(1+n%2, 1+n%2)
	if err != nil {
		return err
	}
	switch n % 7 {
	case 2:
		err = o.alone(1)
	case 4:
		err = o.logs[2].Roll()
	case 6:
		err = o.d.Checkpoint()
	}
	if err != nil {
		return err
	}
	rounds := []*log.Round{first, second}
	if second == nil {
		rounds = rounds[:1]
	}
	for i := range rounds {
		rounds[(i+n)%len(rounds)].Sync()
	}
	for _, r := range rounds {
		if err := o.end(r); err != nil {
			return err
		}
	}
	if n%5 == 4 {
		return o.cut(n % roundLogs)
	}
	return nil
}

// known is what a crash now must leave.
func (o *overlapped) known() [roundLogs]int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.acked
}

// check opens what a crash left: what was acknowledged is there, and what is there was sent.
func (o *overlapped) check(fsys vfs.FS, acked [roundLogs]int64) error {
	left := &overlapped{}
	if err := left.open(fsys, clock.NewManual(start), 9); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	defer left.d.Close(gone)
	for i, l := range left.logs {
		if l.Err() != nil {
			return l.Err()
		}
		if l.EndOffset() < acked[i] {
			return fmt.Errorf("LOST: log %d ends at %d, acknowledged up to %d", i, l.EndOffset(), acked[i])
		}
		if err := readSparse(l, func(at int64, _, value []byte) error {
			o.mu.Lock()
			defer o.mu.Unlock()
			if want := o.sent[i][at]; string(value) != want {
				return fmt.Errorf("WRONG: log %d has %q at %d; %q was sent there", i, value, at, want)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// TestCrashWhileRoundsOverlap cuts a workload whose rounds overlap before every operation that changes the disk.
func TestCrashWhileRoundsOverlap(t *testing.T) {
	m := vfs.NewMem()
	m.SetNow(func() time.Time { return start })
	o := &overlapped{}
	for i := range o.sent {
		o.sent[i] = map[int64]string{}
	}
	fsys, points := crashing(t, m, 3, func() func(vfs.FS) error {
		acked := o.known()
		return func(left vfs.FS) error { return o.check(left, acked) }
	})
	for life := range int32(2) {
		if err := o.open(fsys, clock.NewManual(start), life); err != nil {
			t.Fatal(err)
		}
		if err := o.alone(0, 1, 2); err != nil {
			t.Fatal(err)
		}
		for n := range 35 {
			if err := o.step(n); err != nil {
				t.Fatal(err)
			}
		}
		if err := o.d.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d crash points", *points)
	if *points < 2000/thin {
		t.Errorf("%d crash points", *points)
	}
}
