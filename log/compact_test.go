package log

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"weir/record"
)

func wantHeld(t testing.TB, l *Log, want ...string) {
	t.Helper()
	var got []string
	for _, h := range committed(t, l) {
		got = append(got, h.String())
	}
	if !slices.Equal(got, want) {
		t.Fatalf("the log holds %v; want %v", got, want)
	}
}

func TestCompactKeepsTheNewest(t *testing.T) {
	for codec := record.None; codec <= record.Zstd; codec++ {
		t.Run(codec.String(), func(t *testing.T) {
			r := newRig(t, compactConfig())
			put := func(kvs ...kv) {
				r.append(kvBatch(record.Options{Codec: codec}, r.nowMs(), kvs...))
			}
			put(kv{"a", "1"}, kv{"b", "1"}, kv{"c", "1"})
			put(kv{"b", "2"}, kv{"a", "2"})
			r.seal()
			put(kv{"a", "3"}, kv{"d", "1"})
			done := r.compact()
			if done.RecordsRead != 7 || done.RecordsKept != 4 || done.Keys != 4 || done.To != 7 {
				t.Fatalf("%+v", done)
			}
			put(kv{"b", "3"}) // the active segment stays as it is
			want := []string{"2:c=1", "3:b=2", "5:a=3", "6:d=1", "7:b=3"}
			wantHeld(t, r.l, want...)
			if n := len(r.l.Segments()); n != 2 {
				t.Fatalf("%d segments; the small ones become one", n)
			}
			for _, b := range batches(t, r.l, 0) {
				if b.Codec() != codec && b.Count > 0 {
					t.Fatalf("batch at %d is %s now", b.BaseOffset, b.Codec())
				}
			}
			r.restart(1)
			wantHeld(t, r.l, want...)
			r.crash(2)
			wantHeld(t, r.l, want...)
			if _, did := r.d.CompactNext(); did {
				t.Fatal("nothing is dirty")
			}
		})
	}
}

func TestTombstonesStayUntilTheirHorizon(t *testing.T) {
	r := newRig(t, compactConfig())
	r.put(kv{"a", "1"}, kv{"b", "1"})
	r.put(kv{"a", tombstone}, kv{"c", "1"})
	r.compact()
	wantHeld(t, r.l, "1:b=1", "2:a="+tombstone, "3:c=1")
	horizon := r.nowMs() + 60_000
	b := batches(t, r.l, 2)[0]
	if !b.HasDeleteHorizon() || b.BaseTimestamp != horizon || b.MaxTimestamp != r.nowMs() {
		t.Fatalf("horizon %v %d; want %d; largest timestamp %d", b.HasDeleteHorizon(), b.BaseTimestamp, horizon, b.MaxTimestamp)
	}
	for rec, err := range b.Records(1000) {
		must(t, err)
		if rec.Timestamp != r.nowMs() {
			t.Fatalf("timestamp %d; want %d", rec.Timestamp, r.nowMs())
		}
	}
	r.restart(1)
	r.clk.Advance(59 * time.Second)
	r.put(kv{"d", "1"})
	r.compact()
	wantHeld(t, r.l, "1:b=1", "2:a="+tombstone, "3:c=1", "4:d=1")
	r.clk.Advance(time.Second)
	r.put(kv{"d", "2"})
	r.compact()
	wantHeld(t, r.l, "1:b=1", "3:c=1", "5:d=2")
}

// TestCompactionLags: what is younger than min.compaction.lag.ms is left alone; what is older than
// max.compaction.lag.ms is compacted however little it is.
func TestCompactionLags(t *testing.T) {
	cfg := compactConfig()
	cfg.MinCleanableDirtyRatio, cfg.MinCompactionLagMs = 0.9, 10_000
	r := newRig(t, cfg)
	r.put(kv{"a", "1"})
	r.seal()
	none := func(why string) {
		t.Helper()
		if done, did := r.d.CompactNext(); did {
			t.Fatalf("%s: %+v", why, done)
		}
	}
	none("min.compaction.lag.ms")
	r.clk.Advance(10 * time.Second)
	if _, did := r.d.CompactNext(); !did {
		t.Fatal("all is dirty, and old enough")
	}
	r.put(kv{"a", "2"})
	r.seal()
	r.clk.Advance(time.Minute)
	none("min.cleanable.dirty.ratio")
	cfg.MaxCompactionLagMs = 50_000
	r.l.SetConfig(cfg)
	if _, did := r.d.CompactNext(); !did {
		t.Fatal("max.compaction.lag.ms is over")
	}
	wantHeld(t, r.l, "1:a=2")
}

// TestFilthiestFirst: of two logs the one with the greater dirty share is compacted.
func TestFilthiestFirst(t *testing.T) {
	r := newRig(t, compactConfig())
	r.put(kv{"a", "1"})
	r.compact()
	r.put(kv{"a", "2"})
	r.seal()
	other, err := r.d.Open(testID(1), r.cfg, 0)
	must(t, err)
	_, err = other.Append(kvBatch(record.Options{}, r.nowMs(), kv{"x", "1"}), 0)
	must(t, err)
	first := r.l
	r.l = other
	r.seal()
	if _, did := r.d.CompactNext(); !did || other.Compaction().To != 1 || first.Compaction().To != 1 {
		t.Fatalf("the other is at %+v, the first at %+v", other.Compaction(), first.Compaction())
	}
	if _, did := r.d.CompactNext(); !did || first.Compaction().To != 2 {
		t.Fatalf("the first is at %+v", first.Compaction())
	}
}

// TestFullKeyTable: more keys than fit into memory take several passes, and come out the same.
func TestFullKeyTable(t *testing.T) {
	cfg := compactConfig()
	r := newRig(t, cfg)
	r.d.SetCompaction(CompactionConfig{KeyBytes: 1}) // the smallest table there is
	want := map[string]string{}
	for round := range 3 {
		for i := range 400 {
			x := kv{fmt.Sprint("key", i), fmt.Sprint(round)}
			want[x.key] = x.value
			r.put(x)
		}
	}
	r.seal()
	passes := 0
	for {
		done, did := r.d.CompactNext()
		if !did {
			break
		}
		if passes++; done.Keys > 64 {
			t.Fatalf("%d keys at once", done.Keys)
		}
	}
	got := committed(t, r.l)
	if passes < 10 || len(got) != len(want) {
		t.Fatalf("%d passes left %d records of %d keys", passes, len(got), len(want))
	}
	for _, h := range got {
		if want[h.key] != h.value {
			t.Fatalf("%v; want %s", h, want[h.key])
		}
	}
}

// TestPolicyDeleteAfterCompaction: the gaps that compaction left are no damage when the topic is not compacted any more;
// in a log that never was, they are.
func TestPolicyDeleteAfterCompaction(t *testing.T) {
	r := newRig(t, compactConfig())
	for i := range 30 {
		r.put(kv{"a", fmt.Sprint(i)}, kv{fmt.Sprint(i), "x"})
	}
	r.compact()
	want := committed(t, r.l)
	r.cfg.CleanupCompact, r.cfg.CleanupDelete = false, true
	r.l.SetConfig(r.cfg)
	same := func(when string) {
		t.Helper()
		if got := committed(t, r.l); !slices.Equal(got, want) {
			t.Fatalf("%s: %v; want %v", when, got, want)
		}
		for at := range r.l.EndOffset() {
			slices, err := r.l.Read(at, 1<<60, 100, true)
			must(t, err)
			release(slices)
		}
	}
	same("policy delete")
	r.restart(1)
	same("after a restart")
	r.crash(2)
	same("after a crash")
	r.append(data(1, r.nowMs()))
	r.crash(3)
	if !r.l.compacted.Load() {
		t.Fatal("nobody knows that the log was compacted")
	}
}

// TestOldReaderOfAReplacedSegment: a read that loaded the list before two passes gets the segment that it loaded.
func TestOldReaderOfAReplacedSegment(t *testing.T) {
	r := newRig(t, compactConfig())
	r.put(kv{"a", "1"}, kv{"b", "1"})
	r.seal()
	old := (*r.l.list.Load())[0]
	must(t, old.seg.CloseIdle())
	want := old.seg.Size()
	for i := range 2 {
		r.put(kv{"a", fmt.Sprint(i)}, kv{"b", fmt.Sprint(i)})
		r.compact()
	}
	s, err := old.seg.Read(0, -1, 1<<60, 1<<20, true)
	must(t, err)
	defer s.Release()
	if all, err := parse(s); err != nil || int64(s.Len()) != want || len(all) != 1 || all[0].Count != 2 {
		t.Fatalf("%d bytes of %d: %v, %v", s.Len(), want, all, err)
	}
}
