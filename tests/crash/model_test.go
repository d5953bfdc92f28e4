package crash

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"weir/internal/clock"
	"weir/log"
	"weir/metadata"
	"weir/partition"
	"weir/record"
	"weir/vfs"
)

const dataDir = "/data"

var (
	start = time.Date(2013, 1, 1, 5, 0, 0, 0, time.UTC)
	quiet = slog.New(slog.DiscardHandler)
	gone  = func() context.Context {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		return ctx
	}() // closes a directory without finishing anything
)

func partitionID(n int) metadata.PartitionID {
	var id metadata.PartitionID
	binary.BigEndian.PutUint64(id.Topic[:], 0x5eed000000004000)
	binary.BigEndian.PutUint64(id.Topic[8:], 0x8000000000000000+uint64(n))
	return id
}

// logConfig makes everything happen often: segments of a few batches, short delays.
func logConfig() log.Config {
	c := log.DefaultConfig()
	c.SegmentBytes, c.IndexIntervalBytes, c.FileDeleteDelayMs = 1400, 200, 500
	c.RetentionMs = 60_000
	return c
}

func openDirectory(fsys vfs.FS, clk clock.Clock) (*log.Directory, error) {
	return log.OpenDirectory(fsys, dataDir, log.DirectoryConfig{BallastBytes: 512, JournalBytes: 1}, clk, quiet)
}

// sent is a batch that was handed to the log.
type sent struct {
	base, last int64
	crc        uint32
	pid        int64 // -1 without a producer
	epoch      int16
	seq        int32
	ms         int64
	n          int
}

// appendAny is an append under whatever leadership there is.
var appendAny = partition.AppendOptions{ExpectedLeaderEpoch: -1}

// phase is where a partition's life stands.
type phase int

const (
	absent phase = iota
	opening
	live
	deleting
	deleted
)

// truth is what the outside world knows of one partition: what was sent, what was acknowledged.
type truth struct {
	id metadata.PartitionID

	mu       sync.Mutex // guards the fields below
	phase    phase
	sent     map[int64]sent           // by base offset; a partition has one appender, so it knows the base before
	aborts   map[int64]log.AbortedTxn // by the offset of the marker
	acked    []int64                  // base offsets, in order
	ackedEnd int64
	sentEnd  int64
	minStart int64 // acknowledged log start
	maxStart int64 // the furthest that the start was asked to move
}

func newTruth(n int) *truth {
	return &truth{id: partitionID(n), sent: map[int64]sent{},
		aborts: map[int64]log.AbortedTxn{}}
}

func (t *truth) set(p phase) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.phase = p
}

func (t *truth) send(s sent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent[s.base] = s
	t.sentEnd = max(t.sentEnd, s.last+1)
}

func (t *truth) ack(s sent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.acked = append(t.acked, s.base)
	t.ackedEnd = max(t.ackedEnd, s.last+1)
}

// abort notes that the marker at the offset aborts a transaction. A batch sent to the same place later is another.
func (t *truth) abort(at int64, a log.AbortedTxn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.aborts[at] = a
}

func (t *truth) asked(offset int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.maxStart = max(t.maxStart, offset)
}

func (t *truth) moved(offset int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.minStart, t.maxStart = max(t.minStart, offset), max(t.maxStart, offset)
}

// known is a copy of the truth at one moment. The map is shared: it only grows.
type known struct {
	id                           metadata.PartitionID
	phase                        phase
	acked                        []int64
	ackedEnd, minStart, maxStart int64
	t                            *truth
}

func (t *truth) now() known {
	t.mu.Lock()
	defer t.mu.Unlock()
	return known{id: t.id, phase: t.phase, acked: t.acked[:len(t.acked):len(t.acked)], ackedEnd: t.ackedEnd,
		minStart: t.minStart, maxStart: t.maxStart, t: t}
}

func (k known) sent(base int64) (sent, bool) {
	k.t.mu.Lock()
	defer k.t.mu.Unlock()
	s, ok := k.t.sent[base]
	return s, ok
}

// check opens what a crash left and compares it with what was known.
func check(fsys vfs.FS, all []known) error {
	clk := clock.NewManual(start.Add(time.Minute))
	d, err := openDirectory(fsys, clk)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	defer d.Close(gone)
	ids, err := d.List()
	if err != nil {
		return err
	}
	for _, k := range all {
		there := slices.Contains(ids, k.id)
		switch {
		case k.phase == live && k.ackedEnd > 0 && !there:
			return fmt.Errorf("partition %s is gone", k.id)
		case k.phase == deleted && there:
			return fmt.Errorf("deleted partition %s came back", k.id)
		case !there:
			continue
		}
		l, err := d.Open(k.id, logConfig(), 100)
		if err != nil {
			return fmt.Errorf("open: %w", err)
		}
		if err := checkLog(l, k); err != nil {
			return err
		}
	}
	return nil
}

func checkLog(l *log.Log, k known) error {
	if err := l.Err(); err != nil {
		return fmt.Errorf("after the start: %w", err)
	}
	from, end := l.StartOffset(), l.EndOffset()
	if from < k.minStart || from > max(k.maxStart, k.minStart) {
		return fmt.Errorf("log start %d; acknowledged %d, asked for %d", from, k.minStart, k.maxStart)
	}
	if end < k.ackedEnd {
		return fmt.Errorf("LOST: log end %d, acknowledged up to %d", end, k.ackedEnd)
	}
	got, err := readAll(l)
	if err != nil {
		return err
	}
	have := make(map[int64]bool, len(got))
	for _, b := range got {
		s, ok := k.sent(b.BaseOffset)
		if !ok || s.crc != b.CRC || s.last != b.LastOffset() {
			return fmt.Errorf("WRONG: batch at %d (crc %08x) was never sent there (%+v)", b.BaseOffset, b.CRC, s)
		}
		have[b.BaseOffset] = true
	}
	for _, base := range k.acked {
		if base >= from && !have[base] {
			return fmt.Errorf("LOST: acknowledged batch at %d, log %d to %d", base, from, end)
		}
	}
	if err := checkAborted(l, k, got); err != nil {
		return err
	}
	return checkSequences(l, k, got)
}

// checkAborted compares the transaction indexes with the markers that are in the log.
func checkAborted(l *log.Log, k known, got []record.Batch) error {
	var want []log.AbortedTxn
	for _, b := range got {
		k.t.mu.Lock()
		a, ok := k.t.aborts[b.BaseOffset]
		k.t.mu.Unlock()
		if ok && b.IsControl() {
			want = append(want, a)
		}
	}
	aborted, err := l.AbortedTxns(l.StartOffset(), l.EndOffset())
	if err != nil || !slices.Equal(aborted, want) {
		return fmt.Errorf("TORN: aborted transactions %v, %w; want %v", aborted, errors.Join(err), want)
	}
	return nil
}

// readAll reads the log from start to end and makes sure that the offsets have no hole.
func readAll(l *log.Log) ([]record.Batch, error) {
	var all []record.Batch
	for at := l.StartOffset(); at < l.EndOffset(); {
		slices, err := l.Read(at, math.MaxInt64, 4096, true)
		if err != nil {
			return all, fmt.Errorf("read at %d: %w", at, err)
		}
		before := at
		for _, s := range slices {
			raw, err := s.Bytes()
			s.Release()
			if err != nil {
				return all, fmt.Errorf("read at %d: %w", at, err)
			}
			for len(raw) >= record.HeaderSize {
				h, err := record.ParseHeader(raw)
				if err != nil {
					return all, fmt.Errorf("WRONG: served at %d: %w", at, err)
				}
				if h.Size() > len(raw) {
					break
				}
				if !record.CheckCRC(raw[:h.Size()]) {
					return all, fmt.Errorf("WRONG: served a batch at %d with a bad checksum", at)
				}
				if h.BaseOffset > at {
					return all, fmt.Errorf("WRONG: offsets %d to %d are missing", at, h.BaseOffset)
				}
				all = append(all, record.Batch{Header: h, Raw: raw[:h.Size()]})
				at, raw = h.LastOffset()+1, raw[h.Size():]
			}
		}
		if at == before {
			return all, fmt.Errorf("WRONG: nothing served at %d, the end is %d", at, l.EndOffset())
		}
	}
	return all, nil
}

// checkSequences resends each producer's last five batches, which are all to be recognised, and one with a
// gap.
func checkSequences(l *log.Log, k known, got []record.Batch) error {
	last := map[int64][]sent{}
	for _, b := range got {
		if s, _ := k.sent(b.BaseOffset); s.pid >= 0 {
			kept := last[s.pid]
			if n := len(kept); n > 0 && kept[n-1].epoch != s.epoch {
				kept = nil
			}
			last[s.pid] = append(kept, s)
		}
	}
	for pid, kept := range last {
		if len(kept) > 5 {
			kept = kept[len(kept)-5:]
		}
		for _, s := range kept {
			a, err := l.Append(s.batch(), l.LatestEpoch())
			if err != nil || !a.Duplicate || a.BaseOffset != s.base {
				return fmt.Errorf("TWICE: resend of %+v: %+v, %w", s, a, errors.Join(err))
			}
		}
		next := kept[len(kept)-1]
		gap := next
		gap.seq += int32(next.n) + 1
		if _, err := l.Append(gap.batch(), l.LatestEpoch()); !errors.Is(err, log.ErrOutOfOrderSequence) {
			return fmt.Errorf("producer %d: a gap after %+v was accepted: %w", pid, next, errors.Join(err))
		}
		next.seq += int32(next.n)
		if a, err := l.Append(next.batch(), l.LatestEpoch()); err != nil || a.Duplicate {
			return fmt.Errorf("producer %d: the next sequence was refused: %w", pid, errors.Join(err))
		}
	}
	return nil
}

// batch builds the batch anew, byte for byte.
func (s sent) batch() *record.Batch {
	o := record.Options{}
	if s.pid >= 0 {
		o = record.Options{HasProducer: true, ProducerID: s.pid, ProducerEpoch: s.epoch, BaseSequence: s.seq}
	}
	b := record.NewBuilder(o)
	for i := range s.n {
		b.Append(s.ms, fmt.Appendf(nil, "key %d", i), fmt.Appendf(nil, "value %d %d %020d", s.ms, i, s.seq))
	}
	out := b.Build()
	return &out
}
