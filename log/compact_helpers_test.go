package log

import (
	"fmt"
	"slices"
	"testing"

	"weir/record"
)

// compactConfig is that of a compacted topic of which any dirt is reason enough for a pass.
func compactConfig() Config {
	c := smallConfig()
	c.CleanupDelete, c.CleanupCompact, c.MinCleanableDirtyRatio = false, true, 0
	c.DeleteRetentionMs = 60_000
	return c
}

// kv is a record to be written; a nil value is a tombstone.
type kv struct{ key, value string }

const tombstone = "(deleted)"

func kvBatch(o record.Options, ms int64, kvs ...kv) *record.Batch {
	b := record.NewBuilder(o)
	for _, x := range kvs {
		var key, value []byte
		if x.key != "" {
			key = []byte(x.key)
		}
		if x.value != tombstone {
			value = []byte(x.value)
		}
		b.Append(ms, key, value, record.RecordHeader{Key: "h", Value: []byte(x.key)})
	}
	out := b.Build()
	return &out
}

func (r *rig) put(kvs ...kv) Appended {
	r.Helper()
	return r.append(kvBatch(record.Options{}, r.nowMs(), kvs...))
}

// seal closes the active segment for good.
func (r *rig) seal() {
	r.Helper()
	must(r, r.l.Roll())
	r.sealed()
}

// compact seals the active segment and makes a pass.
func (r *rig) compact() Compacted {
	r.Helper()
	r.seal()
	done, did := r.d.CompactNext()
	if !did {
		r.Fatalf("no pass: %+v, %v", r.l.Compaction(), r.l.Err())
	}
	return done
}

// held is a record that is in the log.
type held struct {
	offset int64
	kv
}

func (h held) String() string { return fmt.Sprintf("%d:%s=%s", h.offset, h.key, h.value) }

// committed reads what a read_committed consumer gets, filtering as one does.
func committed(t testing.TB, l *Log) []held {
	t.Helper()
	end := l.LastStable(l.EndOffset())
	aborted, err := l.AbortedTxns(l.StartOffset(), end)
	must(t, err)
	slices.SortFunc(aborted, func(a, b AbortedTxn) int { return int(a.FirstOffset - b.FirstOffset) })
	var out []held
	dropping := map[int64]bool{}
	for _, b := range batches(t, l, l.StartOffset()) {
		if b.BaseOffset >= end {
			break
		}
		for len(aborted) > 0 && aborted[0].FirstOffset <= b.LastOffset() {
			dropping[aborted[0].ProducerID] = true
			aborted = aborted[1:]
		}
		if b.IsControl() {
			if m, ok, err := markerOf(b); err == nil && ok && m.abort {
				delete(dropping, b.ProducerID)
			}
			continue
		}
		if b.IsTransactional() && dropping[b.ProducerID] {
			continue
		}
		out = append(out, records(t, b)...)
	}
	return out
}

func records(t testing.TB, b record.Batch) (out []held) {
	t.Helper()
	for r, err := range b.Records(1 << 20) {
		must(t, err)
		value := tombstone
		if r.Value != nil {
			value = string(r.Value)
		}
		if len(r.Headers) != 1 || string(r.Headers[0].Value) != string(r.Key) {
			t.Fatalf("record at %d: headers %v of key %q", r.Offset, r.Headers, r.Key)
		}
		out = append(out, held{r.Offset, kv{string(r.Key), value}})
	}
	return out
}
