package log

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestCompactionOfCompressedSegments: passes of both kinds over one log, in turn, with a restart and a crash between:
// the newest value of each key stays, and what compaction writes is compressed in its turn.
func TestCompactionOfCompressedSegments(t *testing.T) {
	c := compactConfig()
	c.CompressSegments = true
	r := newFastRig(t, c)
	rng := rand.New(rand.NewPCG(5, 5))
	newest := map[string]string{}
	for round := range 8 {
		for i := range 60 {
			key := fmt.Sprintf("key %d", rng.IntN(40))
			newest[key] = fmt.Sprintf("value %d of round %d, in words that compress", i, round)
			r.put(kv{key, newest[key]}, kv{"all", newest[key]})
			newest["all"] = newest[key]
		}
		r.settleForms()
		r.compact()
		r.settleForms()
		switch round {
		case 3:
			r.restart(1)
		case 5:
			r.sync()
			r.crash(2)
		}
		r.d.compression.throttle.set(0)
		got := map[string]string{}
		for _, h := range committed(t, r.l) {
			got[h.key] = h.value
		}
		if len(got) != len(newest) {
			t.Fatalf("round %d: %d keys; want %d", round, len(got), len(newest))
		}
		for key, value := range newest {
			if got[key] != value {
				t.Fatalf("round %d: %s is %q; want %q", round, key, got[key], value)
			}
		}
	}
	r.settleForms()
	segs := r.l.Segments()
	if !slices.ContainsFunc(segs, func(s SegmentInfo) bool { return s.Compressed }) {
		t.Errorf("nothing is compressed: %+v", segs)
	}
	for _, s := range segs[:len(segs)-1] {
		if !s.Compressed && s.Size > 1000 {
			t.Errorf("a segment of %d bytes is plain", s.Size)
		}
	}
}
