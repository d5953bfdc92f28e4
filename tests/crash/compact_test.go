package crash

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"weir/internal/clock"
	"weir/log"
	"weir/record"
	"weir/vfs"
)

// keyed is what the world knows of a compacted partition.
type keyed struct {
	mu    sync.Mutex // guards the fields below
	sent  map[int64]string
	acked map[string]int64 // offset of the newest acknowledged record of a key
	end   int64            // acknowledged
	seq   int32            // sequence that the producer sends next, all before it acknowledged
}

// snapshot is a copy of it at one moment. What is sent only grows.
type snapshot struct {
	*keyed
	acked map[string]int64
	end   int64
	seq   int32
}

func (k *keyed) now() snapshot {
	k.mu.Lock()
	defer k.mu.Unlock()
	return snapshot{k, maps.Clone(k.acked), k.end, k.seq}
}

// compactedConfig has segments of a few batches, compacted as soon as anything is dirty.
func compactedConfig() log.Config {
	c := logConfig()
	c.CleanupDelete, c.CleanupCompact, c.MinCleanableDirtyRatio, c.DeleteRetentionMs = false, true, 0, 20_000
	return c
}

const keyedProducer = 41

// round writes records of few keys, deletes some, decides a transaction, and compacts.
func (k *keyed) round(d *log.Directory, l *log.Log, clk *clock.Manual, n int) error {
	var acked []string
	seq := k.seq
	send := func(b record.Batch, text string) error {
		k.mu.Lock()
		k.sent[l.EndOffset()] = text
		k.mu.Unlock()
		acked = append(acked, text)
		_, err := l.Append(&b, l.LatestEpoch())
		return err
	}
	for i := range 12 {
		key, value := fmt.Sprintf("key %d", (n*7+i)%9), fmt.Appendf(nil, "%d/%d", n, i)
		if i%5 == 4 {
			value = nil
		}
		b := record.NewBuilder(record.Options{HasProducer: true, ProducerID: keyedProducer, BaseSequence: seq,
			Codec: record.Codec(i % 5)})
		b.Append(clk.Now().UnixMilli(), []byte(key), value)
		if err := send(b.Build(), key+"="+string(value)); err != nil {
			return err
		}
		seq++
	}
	b := record.NewBuilder(record.Options{HasProducer: true, ProducerID: 42, BaseSequence: int32(n), Transactional: true})
	b.Append(clk.Now().UnixMilli(), []byte("aborted"), []byte{byte(n)})
	if err := send(b.Build(), "aborted="+string([]byte{byte(n)})); err != nil {
		return err
	}
	if err := send(record.ControlBatch(record.ControlAbort, 42, 0, 1, clk.Now().UnixMilli()), ""); err != nil {
		return err
	}
	end, err := sync1(l, n%2 == 0)
	if err != nil {
		return err
	}
	k.mu.Lock()
	k.seq = seq
	for at := end - int64(len(acked)); at < end; at++ {
		if text := k.sent[at]; text != "" && text[:3] == "key" {
			k.acked[text[:5]] = at
		}
	}
	k.end = end
	k.mu.Unlock()
	clk.Advance(5 * time.Second)
	if n%3 == 2 {
		if err := l.Roll(); err != nil {
			return err
		}
	}
	if err := d.Checkpoint(); err != nil {
		return err
	}
	d.CompactNext()
	return l.Err()
}

// sync1 makes a log durable, in the journal if it takes it.
func sync1(l *log.Log, journal bool) (int64, error) {
	if journal {
		if r, _ := log.BeginRound([]*log.Log{l}); r != nil {
			r.Sync()
			if s := r.End()[0]; s.OK {
				return s.End, nil
			}
		}
	}
	return l.Sync()
}

// check opens what a crash left. Of each key the newest acknowledged record is there, or a newer one, unless it is a
// tombstone whose time may be over; what is there was sent, in its place; the producer goes on.
func (s snapshot) check(fsys vfs.FS) error {
	d, err := openDirectory(fsys, clock.NewManual(start.Add(time.Hour)))
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	defer d.Close(gone)
	l, err := d.Open(partitionID(0), compactedConfig(), 9)
	if err != nil {
		return err
	}
	if l.Err() != nil {
		return l.Err()
	}
	if l.EndOffset() < s.end {
		return fmt.Errorf("LOST: log end %d, acknowledged up to %d", l.EndOffset(), s.end)
	}
	newest := map[string]int64{}
	if err := readSparse(l, func(at int64, key, value []byte) error {
		s.mu.Lock()
		want := s.sent[at]
		s.mu.Unlock()
		if text := string(key) + "=" + string(value); text != want {
			return fmt.Errorf("WRONG: %q at %d; %q was sent there", text, at, want)
		}
		newest[string(key)] = at
		return nil
	}); err != nil {
		return err
	}
	for key, at := range s.acked {
		s.mu.Lock()
		deleted := s.sent[at] == key+"="
		s.mu.Unlock()
		if last, ok := newest[key]; (!ok || last < at) && (!deleted || ok) {
			return fmt.Errorf("LOST: %s at %d, the log's newest is at %d (%v)", key, at, last, ok)
		}
	}
	if s.seq == 0 {
		return nil
	}
	gap := record.NewBuilder(record.Options{HasProducer: true, ProducerID: keyedProducer, BaseSequence: s.seq + 100})
	gap.Append(0, []byte("key 0"), nil)
	b := gap.Build()
	if _, err := l.Append(&b, l.LatestEpoch()); err == nil {
		return fmt.Errorf("FORGOTTEN: a gap in the producer's sequence was accepted")
	}
	return nil
}

// readSparse visits the records of a log that may have gaps, control records apart.
func readSparse(l *log.Log, visit func(at int64, key, value []byte) error) error {
	for at := l.StartOffset(); at < l.EndOffset(); {
		slices, err := l.Read(at, 1<<62, 4096, true)
		if err != nil {
			return fmt.Errorf("read at %d: %w", at, err)
		}
		before := at
		for _, s := range slices {
			raw, err := s.Bytes()
			s.Release()
			if err != nil {
				return err
			}
			for len(raw) >= record.HeaderSize {
				h, err := record.ParseHeader(raw)
				if err != nil {
					return fmt.Errorf("WRONG: served at %d: %w", at, err)
				}
				if h.Size() > len(raw) {
					break
				}
				b := record.Batch{Header: h, Raw: raw[:h.Size()]}
				for r, err := range b.Records(1 << 20) {
					if err == nil && !h.IsControl() {
						err = visit(r.Offset, r.Key, r.Value)
					}
					if err != nil {
						return err
					}
				}
				at, raw = h.LastOffset()+1, raw[h.Size():]
			}
		}
		if at == before {
			return fmt.Errorf("WRONG: nothing served at %d, the end is %d", at, l.EndOffset())
		}
	}
	return nil
}

// crashing is m with a crash before every operation that changes the disk, of four kinds, which it counts. now takes down what is
// known at that moment, and gives the check of what the crash left.
func crashing(t *testing.T, m *vfs.Mem, seed uint64, now func() func(vfs.FS) error) (fsys vfs.FS, points *int) {
	points = new(int)
	var mu sync.Mutex // one crash at a time: hooks run on several goroutines
	return vfs.Inject(m, func(op vfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if !op.Kind.Writes() || op.Index%thin != 0 || t.Failed() {
			return nil
		}
		check := now() // first: what is acknowledged after this need not be in the images
		for _, percent := range []int{0, 30, 70, 100} {
			*points++
			left := m.CrashClone(vfs.CrashOptions{UnsyncedPercent: percent, Rand: rand.New(rand.NewPCG(uint64(*points), seed))})
			if err := check(left); err != nil {
				t.Errorf("crash before operation %d (%s %s), %d %% survives:\n%v", op.Index, op.Kind, op.Name, percent, err)
			}
		}
		return nil
	}), points
}

// TestCrashWhileCompacting cuts a workload of a compacted partition before every operation that changes the disk: no
// segment is lost or there twice, and no record or producer with it.
func TestCrashWhileCompacting(t *testing.T) {
	m := vfs.NewMem()
	m.SetNow(func() time.Time { return start })
	k := &keyed{sent: map[int64]string{}, acked: map[string]int64{}}
	fsys, points := crashing(t, m, 1, func() func(vfs.FS) error { return k.now().check })
	clk := clock.NewManual(start)
	passes := 0
	for life := range int32(2) {
		d, err := openDirectory(fsys, clk)
		if err != nil {
			t.Fatal(err)
		}
		l, err := d.Open(partitionID(0), compactedConfig(), life)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 8 {
			before := l.Compaction().To
			if err := k.round(d, l, clk, int(life)*8+n); err != nil {
				t.Fatal(err)
			}
			if l.Compaction().To > before {
				passes++
			}
		}
		if err := l.Compaction().Err; err != nil {
			t.Fatal(err)
		}
		if err := d.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d crash points, %d passes", *points, passes)
	if *points < 1500/thin || passes < 8 {
		t.Errorf("%d crash points, %d passes", *points, passes)
	}
}
