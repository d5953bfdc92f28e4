package compact

import (
	"fmt"
	"testing"

	"weir/record"
)

func TestKeys(t *testing.T) {
	k := NewKeys(24*1000, 0.9, 1<<40)
	n := 0
	for k.Put(fmt.Appendf(nil, "key %d", n), int64(n)) {
		n++
	}
	if n != 900 || k.Len() != 900 || k.Use() != 0.9 {
		t.Fatalf("%d keys fit, %d, %v", n, k.Len(), k.Use())
	}
	for i := range n {
		if got := k.Newest(fmt.Appendf(nil, "key %d", i)); got != int64(i) {
			t.Fatalf("key %d is at %d", i, got)
		}
		if !k.Put(fmt.Appendf(nil, "key %d", i), int64(i+5000)) || k.Newest(fmt.Appendf(nil, "key %d", i)) != int64(i+5000) {
			t.Fatalf("key %d cannot be renewed in a full table", i)
		}
	}
	if got := k.Newest([]byte("another")); got != -1 {
		t.Fatalf("a key that was never put is at %d", got)
	}
	if small := NewKeys(1<<40, 0.9, 100); len(small.slots) > 200 {
		t.Fatalf("%d slots for 100 keys", len(small.slots))
	}
	if k := NewKeys(0, 5, 10); !k.Put(nil, 0) || k.Newest([]byte{}) != 0 {
		t.Fatal("the smallest table takes a key")
	}
}

// TestMarkers goes through the life of a marker: needed, then with a horizon, then gone; and kept for a producer's sake.
func TestMarkers(t *testing.T) {
	var th record.Thinner
	marker := record.ControlBatch(record.ControlAbort, 7, 3, 1, 1000)
	marker.Stamp(10, 0)
	pass := func(now int64, met bool, producers map[int64]Last) record.Batch {
		p := Pass{Keys: NewKeys(0, 1, 1), End: 100, NowMs: now, DeleteRetentionMs: 500, Producers: producers}
		if met {
			b := record.NewBuilder(record.Options{HasProducer: true, ProducerID: 7, Transactional: true})
			b.Append(0, []byte("k"), nil)
			p.Txns.Add([]Aborted{{7, 0, 10}})
			if out, err := p.Batch(b.Build(), false); err != nil || out.Raw != nil {
				t.Fatalf("aborted records: %+v, %v", out, err)
			}
		}
		out, err := p.Batch(marker, false)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if out := pass(0, true, nil); out.HasDeleteHorizon() || out.Raw == nil {
		t.Fatalf("%+v", out)
	}
	out := pass(1000, false, nil)
	if !out.HasDeleteHorizon() || out.BaseTimestamp != 1500 {
		t.Fatalf("%+v", out)
	}
	if out := pass(1000, false, map[int64]Last{7: {DataOffset: -1, Epoch: 3}}); out.Raw == nil || out.HasDeleteHorizon() {
		t.Fatalf("kept for its epoch: %+v", out)
	}
	var err error
	if marker, err = th.WithHorizon(marker, 1500); err != nil {
		t.Fatal(err)
	}
	if out := pass(1499, false, nil); out.Raw == nil {
		t.Fatal("gone before its time")
	}
	if out := pass(1500, false, nil); out.Raw != nil {
		t.Fatal("still there")
	}
}
