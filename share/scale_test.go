package share

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"weir/coordinator"
)

// heapBytes is what is in use.
func heapBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestScattered: a million settled records, no two of them neighbours, are a million runs; a start reads them back.
func TestScattered(t *testing.T) {
	const n = 1_000_000
	r := newRig(t)
	r.produce("a")
	r.fetch("one", 1)
	before := heapBytes()
	_, err := coordinator.Decide(r.s.runtime, 0, "", func(m *machine, tx *coordinator.Tx) (int, error) {
		p := m.part(r.key())
		for o := int64(1); o < 2*n; o += 2 {
			p.insert(run{first: o, last: o, state: StateAcknowledged, count: 1})
		}
		tx.Split()
		m.snapshot(tx, p)
		return 0, nil
	}).Result()
	must(t, err)
	grown := heapBytes() - before
	state := r.part(r.state)
	t.Logf("%d MiB in memory, %d MiB in the log", grown>>20, state.Size()>>20)
	if grown > 128<<20 {
		t.Errorf("a million runs take %d bytes", grown)
	}
	after := r.mem
	r.close()
	r.mem = after
	began := time.Now()
	r.open()
	t.Logf("started in %v", time.Since(began).Round(time.Millisecond))
	want(t, "settled", r.offsets().Complete, n)
}

// TestInFlight: a hundred thousand records that are held, none with its neighbour, take under 64 MiB.
func TestInFlight(t *testing.T) {
	const n = 100_000
	r := newRig(t)
	r.produce("a")
	r.fetch("one", 1)
	before := heapBytes()
	_, err := coordinator.Decide(r.s.runtime, 0, "", func(m *machine, tx *coordinator.Tx) (int, error) {
		p := m.part(r.key())
		for o := int64(1); o < 2*n; o += 2 {
			d := &detail{note: note{priority: middling}, size: 100, member: "one", until: 1_030_000 + o}
			p.insert(run{first: o, last: o, state: StateAcquired, count: 1, detail: d})
		}
		return 0, nil
	}).Result()
	must(t, err)
	grown := heapBytes() - before
	t.Logf("%d MiB", grown>>20)
	if grown > 64<<20 {
		t.Errorf("%d records in flight take %d bytes", n, grown)
	}
}

// TestManyDelays: a million delayed records hold nobody back and take little memory, and each comes when it is due.
func TestManyDelays(t *testing.T) {
	const n, batch = 1_000_000, 2000
	r := newRig(t)
	r.settings.MaxLocks = 10_000
	for o := 0; o < n; o += batch {
		records := make([]string, batch)
		for i := range records {
			records[i] = fmt.Sprint("weir.deliver.after:", 3_600_000+(o+i)*7919%n, ";x") // an hour and up to 1,000 s later, in no order
		}
		r.produce(records...)
	}
	r.produce("now")
	before := heapBytes()
	for range n / batch { // each looks at a part of the log
		if got := r.fetch("one", 10); got != "" {
			want(t, "what is due", got, fmt.Sprintf("%d-%d*1", n, n))
			break
		}
	}
	must(t, r.ack("one", n, n, Accept))
	grown := heapBytes() - before
	t.Logf("%d MiB", grown>>20)
	if grown > 16<<20 {
		t.Errorf("a million delayed records take %d bytes", grown)
	}
	r.clk.Advance(time.Hour - time.Second)
	r.settle()
	want(t, "a second before", r.fetch("one", 10), "")
	r.advance(time.Second)
	want(t, "the first", r.fetch("one", 10), "0-0*1")
	for ms, due := 1, 1; ms < 40; ms++ {
		r.advance(time.Millisecond)
		got := r.fetch("one", 10)
		offset := 0
		for offset*7919%n != due {
			offset++
		}
		want(t, fmt.Sprint("after ", ms, " ms"), got, fmt.Sprintf("%d-%d*1", offset, offset))
		due++
	}
}
