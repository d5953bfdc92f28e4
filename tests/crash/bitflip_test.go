package crash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/internal/clock"
	"weir/log"
	"weir/metadata"
	"weir/record"
	"weir/segment"
	"weir/vfs"
)

// fixture is a directory with two partitions, and what is in them.
type fixture struct {
	mem     *vfs.Mem
	clean   bool
	how     mode
	logs    map[string]*contents // by partition
	durable map[string]int64     // recovery point in the checkpoint, by partition
	files   []string             // all files
}

// contents is what a partition serves while it is whole.
type contents struct {
	start, end int64
	batches    map[int64][]byte // by base offset
	aborted    []log.AbortedTxn
	times      map[int64]log.OffsetAt
	epochs     map[int32][2]int64
	known      known
}

// newFixture writes two partitions with sealed segments, producers, transactions and two leader epochs. An
// unclean one has durable records past the recovery point too.
func newFixture(t *testing.T, clean bool, how mode) *fixture {
	t.Helper()
	f := &fixture{mem: vfs.NewMem(), clean: clean, how: how, logs: map[string]*contents{}, durable: map[string]int64{}}
	r := newRun(how)
	r.fs = f.mem
	must(t, r.start())
	for n := range 2 {
		must(t, r.open(n))
		must(t, r.group(n, []int64{11, 12}, 8))
		f.transactions(t, r, n)
		r.parts[n].BecomeLeader(5)
		must(t, r.group(n, []int64{11, 12}, 8))
		must(t, r.parts[n].Log().SettleForms())
	}
	must(t, r.d.Checkpoint())
	points := readWhole(t, f.mem, recoveryPoints)
	for n := range 2 {
		f.durable[partitionID(n).String()] = r.parts[n].HighWatermark()
		if !clean {
			must(t, r.group(n, []int64{11, 12}, 7))
		}
	}
	for n := range 2 {
		f.logs[partitionID(n).String()] = f.look(t, r, n)
	}
	if clean {
		must(t, r.stop(context.Background()))
	} else {
		before := f.mem
		f.mem = f.mem.CrashClone(vfs.CrashOptions{})
		// The housekeeper checkpoints behind each roll, sooner or later: this crash came before it did.
		must(t, replaceWhole(f.mem, recoveryPoints, points))
		r.fs = before
		_ = r.stop(gone)
	}
	f.files = listFiles(t, f.mem)
	return f
}

// transactions appends an aborted and a committed transaction.
func (f *fixture) transactions(t *testing.T, r *run, n int) {
	t.Helper()
	for i, kind := range []record.ControlType{record.ControlAbort, record.ControlCommit, record.ControlAbort} {
		pid := int64(40 + i%2)
		b := record.NewBuilder(record.Options{HasProducer: true, Transactional: true, ProducerID: pid,
			ProducerEpoch: int16(i)})
		b.Append(start.UnixMilli(), []byte("k"), []byte("in a transaction"))
		data, marker := b.Build(), record.ControlBatch(kind, pid, int16(i), 1, start.UnixMilli())
		for _, batch := range []record.Batch{data, marker} {
			tk, err := r.parts[n].Append(&batch, appendAny)
			must(t, err)
			must(t, tk.Wait(nil))
			r.truths[n].send(sent{base: tk.BaseOffset, last: tk.LastOffset, crc: batch.CRC, pid: -1})
		}
	}
}

func (f *fixture) look(t *testing.T, r *run, n int) *contents {
	t.Helper()
	l := r.parts[n].Log()
	c, err := lookAt(l)
	must(t, err)
	c.known = r.truths[n].now()
	return c
}

// lookAt reads everything that a log can be asked.
func lookAt(l *log.Log) (*contents, error) {
	c := &contents{start: l.StartOffset(), end: l.EndOffset(), batches: map[int64][]byte{},
		times: map[int64]log.OffsetAt{}, epochs: map[int32][2]int64{}}
	all, err := readAll(l)
	for _, b := range all {
		c.batches[b.BaseOffset] = b.Raw
	}
	if err != nil {
		return c, err
	}
	if c.aborted, err = l.AbortedTxns(c.start, c.end); err != nil {
		return c, err
	}
	for ts := start.UnixMilli(); ts < start.UnixMilli()+9; ts++ {
		at, ok, err := l.LookupTime(ts)
		if err != nil {
			return c, err
		}
		if ok {
			c.times[ts] = at
		}
	}
	for epoch := range int32(6) {
		e, end := l.EpochEnd(epoch)
		c.epochs[epoch] = [2]int64{int64(e), end}
	}
	return c, nil
}

// judge opens the harmed directory and says what is wrong with what it serves.
func (f *fixture) judge(m *vfs.Mem, h harm) error {
	clk := clock.NewManual(start.Add(time.Minute))
	d, err := openDirectory(m, clk)
	if err != nil {
		return fmt.Errorf("no start: %w", err)
	}
	defer d.Close(gone)
	for n := range 2 {
		id := partitionID(n)
		before := logSizes(m, id)
		l, err := d.Open(id, f.how.config(), 100)
		if err != nil {
			return fmt.Errorf("open: %w", err)
		}
		records := strings.HasPrefix(h.file, dataDir+"/"+id.String()+"/") && holdsRecords(h.file) ||
			strings.Contains(h.file, "journal") // which alone has what lies past the recovery points
		if err := f.judgeLog(l, id.String(), records); err != nil {
			return fmt.Errorf("partition %d: %w", n, err)
		}
		if after := logSizes(m, id); l.Err() != nil && !maps.Equal(before, after) {
			maps.DeleteFunc(before, func(k string, v int64) bool { return after[k] == v })
			return fmt.Errorf("partition %d is damaged and was changed: these were otherwise: %v, now %v, %w", n,
				before, after, l.Err())
		}
	}
	return nil
}

// sameBatch compares all but the leader epoch, bytes 12 to 15, which no checksum of Kafka's format covers. A
// wrong one that still rises along the log is not to be told from a right one; it is no byte of a record.
func sameBatch(a, b []byte) bool {
	return len(a) == len(b) && bytes.Equal(a[:12], b[:12]) && bytes.Equal(a[16:], b[16:])
}

// logSizes are the sizes of all files with records of a partition.
func logSizes(m *vfs.Mem, id metadata.PartitionID) map[string]int64 {
	sizes := map[string]int64{}
	dir := dataDir + "/" + id.String()
	names, _ := m.List(dir) // none if it is missing, before and after
	for _, name := range names {
		if info, err := m.Stat(dir + "/" + name); err == nil && holdsRecords(name) {
			sizes[name] = info.Size
		}
	}
	return sizes
}

// judgeLog compares what a log serves with what it served while whole; records says that its records were
// harmed.
func (f *fixture) judgeLog(l *log.Log, id string, records bool) error {
	want := f.logs[id]
	err := l.Err()
	var got *contents
	if err == nil {
		got, err = lookAt(l)
	}
	if got != nil {
		for base, raw := range got.batches {
			if !sameBatch(raw, want.batches[base]) {
				return fmt.Errorf("WRONG bytes served at offset %d", base)
			}
		}
	}
	var damage *segment.DamageError
	if records && errors.Is(err, log.ErrOffline) && errors.As(err, &damage) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("not served: %w", err)
	}
	end := want.end
	if records && !f.clean {
		end = f.durable[id] // past it a bad batch is the unfinished write of a crash
		if got.end < end {
			return fmt.Errorf("LOST: end %d, durable %d", got.end, end)
		}
		return nil
	}
	if got.start != want.start || got.end != end || len(got.batches) != len(want.batches) {
		return fmt.Errorf("LOST: %d to %d, %d batches; want %d to %d, %d batches", got.start, got.end,
			len(got.batches), want.start, end, len(want.batches))
	}
	if records {
		return nil // nothing but a leader epoch was harmed
	}
	return f.sameAnswers(l, got, want)
}

func (f *fixture) sameAnswers(l *log.Log, got, want *contents) error {
	if !slices.Equal(got.aborted, want.aborted) {
		return fmt.Errorf("aborted %+v; want %+v", got.aborted, want.aborted)
	}
	for ts, at := range want.times {
		if got.times[ts] != at {
			return fmt.Errorf("lookup of time %d: %+v; want %+v", ts, got.times[ts], at)
		}
	}
	for epoch := range int32(6) {
		if got.epochs[epoch] != want.epochs[epoch] {
			return fmt.Errorf("epoch %d ends at %v; want %v", epoch, got.epochs[epoch], want.epochs[epoch])
		}
	}
	all, err := readAll(l)
	if err != nil {
		return err
	}
	return checkSequences(l, want.known, all)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// harms lists what is done to every file: each bit of the first 256 bytes, random bits, bad sectors, an empty
// file, none at all.
func (f *fixture) harms(t *testing.T, randomBits int) []harm {
	t.Helper()
	var all []harm
	for _, file := range f.files {
		info, err := f.mem.Stat(file)
		must(t, err)
		if skip := path.Base(file); skip == ".lock" || skip == ".weir-ballast" ||
			strings.HasPrefix(file, dataDir+"/"+partitionID(1).String()) {
			continue // files without content, and those of the neighbour, which is to go on serving
		}
		for bit := range 8 * min(256, info.Size) {
			all = append(all, flip(file, bit))
		}
		rng := rand.New(rand.NewPCG(uint64(info.Size), 3))
		for range randomBits {
			if info.Size > 256 {
				all = append(all, flip(file, 8*256+rng.Int64N(8*(info.Size-256))))
			}
		}
		for at := int64(0); at < info.Size; at += 512 {
			all = append(all, fill(file, at, 0), fill(file, at, 0xff))
		}
		if path.Ext(file) != ".txnindex" { // a segment without one has no aborted transactions
			all = append(all, harm{file, "cut to nothing", cutToNothing},
				harm{file, "missing", func(m *vfs.Mem, name string) error { return m.Remove(name) }})
		}
	}
	rand.New(rand.NewPCG(4, 4)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// TestBitFlips is D4: at least 30,000 flips over every kind of file.
func TestBitFlips(t *testing.T) { everyWay(t, bitFlips) }

func bitFlips(t *testing.T, how mode) {
	var done atomic.Int64
	began := time.Now()
	for _, clean := range []bool{true, false} {
		f := newFixture(t, clean, how)
		all := f.harms(t, 450)
		all = all[:len(all)/thin/how.share()]
		var next, failed atomic.Int64
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for i := next.Add(1) - 1; i < int64(len(all)) && failed.Load() < 8; i = next.Add(1) - 1 {
					h := all[i]
					m := f.mem.CrashClone(vfs.CrashOptions{UnsyncedPercent: 100})
					err := h.do(m, h.file)
					if err == nil {
						err = f.judge(m, h)
					}
					if err != nil {
						failed.Add(1)
						t.Errorf("clean stop %v, %s of %s: %v", clean, h.what, h.file, err)
					}
					done.Add(1)
				}
			})
		}
		wg.Wait()
	}
	t.Logf("%d harms in %v", done.Load(), time.Since(began).Round(time.Millisecond))
	if done.Load() < 30_000/thin/int64(how.share()) && !t.Failed() {
		t.Errorf("%d harms; want at least 30,000", done.Load())
	}
}
