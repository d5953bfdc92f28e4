package share

import (
	"bytes"
	"testing"
	"time"

	"weir/metadata"
	"weir/record"
)

// FuzzRecords: whatever bytes a record of the state has, it is refused or understood, and what is understood is written back the same.
func FuzzRecords(f *testing.F) {
	k := Key{"group", metadata.PartitionID{Topic: metadata.TopicID{1, 2}, Index: 3}}
	v := stored{snapshotEpoch: 1, stateEpoch: 2, leaderEpoch: 3, start: 4, complete: 1, createdMs: 5, writtenMs: 6, part: partial,
		batches: []batch{{5, 6, StateAcknowledged, 1}, {8, 9, StateAvailable, 2}}, due: []dueBatch{{8, 9, 10}},
		dying: []dyingBatch{{8, 8, Rejected, letter{"dlq", 7, true}}}}
	for _, r := range []struct{ key, value []byte }{
		{v.snapshot(k).Key, v.snapshot(k).Value}, {v.update(k).Key, v.update(k).Value}, {v.snapshot(k).Key, nil},
	} {
		f.Add(r.key, r.value)
	}
	f.Fuzz(func(t *testing.T, keyBytes, value []byte) {
		k, version, known, err := parseKey(keyBytes)
		if err != nil || !known {
			return
		}
		if again := key(k, uint16(version)); !bytes.Equal(again, keyBytes) {
			t.Fatalf("key %x is written back as %x", keyBytes, again)
		}
		v, err := parseValue(version, value)
		if err != nil {
			return
		}
		write := (*stored).update
		if version == keySnapshot {
			write = (*stored).snapshot
		}
		again, err := parseValue(version, write(v, k).Value)
		if err != nil {
			t.Fatalf("%+v is not understood when written back: %v", v, err)
		}
		if !bytes.Equal(write(again, k).Value, write(v, k).Value) {
			t.Fatalf("%+v is written back as %+v", v, again)
		}
	})
}

// FuzzExamine: whatever a log holds, looking at it ends.
func FuzzExamine(f *testing.F) {
	b := record.NewBuilder(record.Options{})
	b.Append(1, []byte("k"), []byte("v"), record.RecordHeader{Key: HeaderTTL, Value: []byte("5")})
	f.Add(b.Build().Raw, int8(2))
	f.Fuzz(func(t *testing.T, raw []byte, order int8) {
		done := time.AfterFunc(10*time.Second, func() { panic("it does not end") })
		defer done.Stop()
		s := testSettings()
		s.Order = Order(order)
		x := newExaminer(&s, TopicSettings{}, 0, nil)
		next, err := x.examine(raw, 0)
		items := x.items
		if err != nil {
			return
		}
		for _, it := range items {
			if it.last >= next && next != 0 && it.first > it.last {
				t.Fatalf("item %d to %d before %d", it.first, it.last, next)
			}
		}
	})
}
