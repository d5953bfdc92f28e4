package log

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/record"
)

// model is what a compacted log may hold.
type model struct {
	*rig
	rt *rapid.T

	written map[int64]kv    // by offset
	fate    map[int64]bool  // of records in transactions: committed or not, once it is decided
	txn     map[int64]int64 // producer of the transaction that a record is in
	cleaned int64           // every record before it was seen by a pass
	seq     map[int64]int32 // next sequence by producer
	open    map[int64][]int64
	epoch   int32
	clock   int
}

var modelCodecs = []record.Codec{record.None, record.Gzip, record.Snappy, record.LZ4, record.Zstd}

// TestCompactionModel writes at random, compacts, stops and crashes, and looks at what is left: of each key the newest
// committed record, in its old place, and never one that was not written there.
func TestCompactionModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := compactConfig()
		cfg.SegmentBytes = 1500
		cfg.CompressSegments = rapid.Bool().Draw(rt, "compress segments")
		m := &model{rig: newRig(t, cfg), rt: rt, written: map[int64]kv{}, fate: map[int64]bool{}, txn: map[int64]int64{},
			seq: map[int64]int32{}, open: map[int64][]int64{}}
		if rapid.Bool().Draw(rt, "small table") {
			m.d.SetCompaction(CompactionConfig{KeyBytes: 1})
		}
		defer func() { _ = m.d.Close(gone) }()
		rt.Repeat(map[string]func(*rapid.T){
			"write":    m.write,
			"write2":   m.write,
			"transact": m.transact,
			"end":      m.end,
			"compact":  m.pass,
			"restart":  func(*rapid.T) { m.epoch++; m.restart(m.epoch) },
			"crash":    func(*rapid.T) { m.sync(); m.epoch++; m.crash(m.epoch) },
			"wait":     func(*rapid.T) { m.clk.Advance(40 * time.Second) },
			"":         m.check,
		})
	})
}

func (m *model) options(producer int64, transactional bool) record.Options {
	o := record.Options{Codec: rapid.SampledFrom(modelCodecs).Draw(m.rt, "codec")}
	if producer > 0 {
		o.HasProducer, o.ProducerID, o.BaseSequence, o.Transactional = true, producer, m.seq[producer], transactional
	}
	return o
}

func (m *model) draw() (kvs []kv) {
	for range rapid.IntRange(1, 6).Draw(m.rt, "records") {
		m.clock++
		x := kv{fmt.Sprint("k", rapid.IntRange(0, 11).Draw(m.rt, "key")), fmt.Sprint("v", m.clock)}
		if rapid.IntRange(0, 4).Draw(m.rt, "delete") == 0 {
			x.value = tombstone
		}
		kvs = append(kvs, x)
	}
	return kvs
}

func (m *model) send(producer int64, transactional bool) (first, n int64) {
	kvs := m.draw()
	a := m.append(kvBatch(m.options(producer, transactional), m.nowMs(), kvs...))
	for i, x := range kvs {
		m.written[a.BaseOffset+int64(i)] = x
	}
	if producer > 0 {
		m.seq[producer] += int32(len(kvs))
	}
	return a.BaseOffset, int64(len(kvs))
}

func (m *model) write(*rapid.T) {
	producer := rapid.SampledFrom([]int64{0, 0, 5, 6}).Draw(m.rt, "producer")
	m.send(producer, false)
}

func (m *model) transact(*rapid.T) {
	producer := rapid.SampledFrom([]int64{7, 8}).Draw(m.rt, "producer")
	first, n := m.send(producer, true)
	for at := first; at < first+n; at++ {
		m.open[producer] = append(m.open[producer], at)
		m.txn[at] = producer
	}
}

func (m *model) end(*rapid.T) {
	producer := rapid.SampledFrom([]int64{7, 8}).Draw(m.rt, "producer")
	commit := rapid.Bool().Draw(m.rt, "commit")
	kind := record.ControlAbort
	if commit {
		kind = record.ControlCommit
	}
	b := record.ControlBatch(kind, producer, 0, 1, m.nowMs())
	m.append(&b)
	for _, at := range m.open[producer] {
		m.fate[at] = commit
	}
	delete(m.open, producer)
}

func (m *model) pass(*rapid.T) {
	if rapid.Bool().Draw(m.rt, "roll") {
		must(m, m.l.Roll())
	}
	m.sealed()
	if m.cfg.CompressSegments {
		must(m, m.l.SettleForms())
	}
	done, did := m.d.CompactNext()
	if did {
		m.cleaned = done.To
	}
	if err := m.l.Compaction().Err; err != nil {
		m.Fatal(err)
	}
}

// check compares what a read_committed consumer gets with what was written.
func (m *model) check(*rapid.T) {
	stable := m.l.LastStable(m.l.EndOffset())
	newest := map[string]int64{}  // of all that is committed and stable
	compact := map[string]int64{} // of that what the passes have seen
	for at, x := range m.written {
		if _, ok := m.txn[at]; ok && !m.fate[at] || at >= stable {
			continue
		}
		newest[x.key] = max(newest[x.key], at+1)
		if at < m.cleaned {
			compact[x.key] = max(compact[x.key], at+1)
		}
	}
	last := int64(-1)
	have := map[int64]bool{}
	for _, h := range committed(m, m.l) {
		want, ok := m.written[h.offset]
		if _, in := m.txn[h.offset]; !ok || want != h.kv || h.offset <= last || in && !m.fate[h.offset] {
			m.rt.Fatalf("%v after %d; written there: %v, fate %v", h, last, want, m.fate[h.offset])
		}
		if h.offset < m.cleaned && compact[h.key] != h.offset+1 {
			m.rt.Fatalf("%v was compacted, and the newest of its key is at %d", h, compact[h.key]-1)
		}
		last, have[h.offset] = h.offset, true
	}
	for key, at := range newest {
		if at--; !have[at] && m.written[at].value != tombstone {
			m.rt.Fatalf("%v at %d, the newest of its key, is gone", m.written[at], at)
		}
		_ = key
	}
	m.checkProducers()
}

// checkProducers makes sure that each producer goes on where it was.
func (m *model) checkProducers() {
	for producer, seq := range m.seq {
		for _, p := range m.l.Producers() {
			if p.ProducerID == producer && p.LastSequence != seq-1 {
				m.rt.Fatalf("producer %d is at sequence %d; want %d", producer, p.LastSequence, seq-1)
			}
		}
		gap := record.Options{HasProducer: true, ProducerID: producer, BaseSequence: seq + 3, Transactional: producer > 6}
		b := kvBatch(gap, m.nowMs(), kv{"k0", "gap"})
		if _, err := m.l.Append(b, m.l.LatestEpoch()); !errors.Is(err, ErrOutOfOrderSequence) {
			m.rt.Fatalf("a gap in the sequence of producer %d: %v", producer, err)
		}
	}
	open := map[int64]bool{}
	for _, p := range m.l.Producers() {
		if p.TxnStartOffset >= 0 {
			open[p.ProducerID] = true
		}
	}
	for producer := range m.open {
		if !open[producer] {
			m.rt.Fatalf("the transaction of producer %d is not open any more", producer)
		}
		delete(open, producer)
	}
	if len(open) > 0 {
		m.rt.Fatalf("transactions hang: %v", open)
	}
}

// TestProducersSurviveWithoutSnapshots: when no snapshot is left, the batches that compaction kept say where the
// producers are, and that no transaction is open.
func TestProducersSurviveWithoutSnapshots(t *testing.T) {
	r := newRig(t, compactConfig())
	for i := range int32(8) {
		r.append(kvBatch(record.Options{HasProducer: true, ProducerID: 5, BaseSequence: i}, r.nowMs(), kv{"a", fmt.Sprint(i)}))
		r.append(kvBatch(record.Options{HasProducer: true, ProducerID: 7, BaseSequence: i, Transactional: true}, r.nowMs(),
			kv{"b", fmt.Sprint(i)}))
		b := record.ControlBatch(record.ControlType(i%2), 7, 0, 1, r.nowMs())
		r.append(&b)
	}
	r.put(kv{"a", "end"}, kv{"b", "end"})
	before := r.l.Producers()
	for range 3 {
		r.clk.Advance(2 * time.Minute) // delete.retention.ms is over
		r.put(kv{"c", r.clk.Now().String()})
		r.compact()
		for i := range before {
			before[i].CoordinatorEpoch = 0
		}
		must(t, r.d.Close(t.Context()))
		names, err := r.fs.List(r.l.path)
		must(t, err)
		for _, name := range names {
			if _, ok := offsetOf(name, snapshotSuffix); ok {
				must(t, r.fs.Remove(join(r.l.path, name)))
			}
		}
		r.open(r.l.LatestEpoch() + 1)
		after := r.l.Producers()
		for i := range after { // of a marker that is gone nobody knows
			after[i].CoordinatorEpoch, after[i].LastTimestamp = 0, before[i].LastTimestamp
		}
		if !slices.Equal(after, before) {
			t.Fatalf("producers %+v; before %+v", after, before)
		}
	}
	if n := len(batches(t, r.l, 0)); n > 6 {
		t.Fatalf("%d batches are left", n)
	}
	r.append(kvBatch(record.Options{HasProducer: true, ProducerID: 5, BaseSequence: 8}, r.nowMs(), kv{"a", "8"}))
	r.appendErr(kvBatch(record.Options{HasProducer: true, ProducerID: 7, BaseSequence: 9, Transactional: true}, r.nowMs(),
		kv{"a", "9"}), ErrOutOfOrderSequence)
}
