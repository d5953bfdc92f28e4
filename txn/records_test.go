package txn

import (
	"encoding/binary"
	"log/slog"
	"reflect"
	"sync/atomic"
	"testing"

	"weir/coordinator"
)

// TestRecordForm checks that records have the form that the cluster has agreed on, and that the plain one is never
// chosen where it would forget something.
func TestRecordForm(t *testing.T) {
	plain := transaction{id: "t", producerID: 7, prevProducerID: noProducerID, nextProducerID: noProducerID, epoch: 3,
		prevEpoch: noEpoch, timeoutMs: 1000, state: Ongoing, partitions: []Partition{{"a", 0}, {"a", 2}, {"b", 1}},
		startMs: 5, updatedMs: 6}
	for _, c := range []struct {
		name   string
		agreed int16
		edit   func(t *transaction)
		form   uint16
	}{
		{"nothing agreed", 0, func(*transaction) {}, plainVersion},
		{"announced", Announced, func(*transaction) {}, valueVersion},
		{"bumped", Bumped, func(*transaction) {}, valueVersion},
		{"next producer", 0, func(t *transaction) { t.nextProducerID = 8 }, valueVersion},
		{"other producer before", 0, func(t *transaction) { t.prevProducerID = 6 }, valueVersion},
		{"epoch before", 0, func(t *transaction) { t.prevEpoch = 2 }, valueVersion},
		{"ended by a client that bumps", 0, func(t *transaction) { t.version = Bumped }, valueVersion},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := plain
			c.edit(&want)
			r := transactionRecord(&want, c.agreed)
			if form := binary.BigEndian.Uint16(r.Value); form != c.form {
				t.Errorf("form %d, want %d", form, c.form)
			}
			got, err := parseValue("t", r.Value)
			if err != nil || !reflect.DeepEqual(*got, want) {
				t.Errorf("read back %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
}

// FuzzRecords: whatever bytes a record has, it is refused or understood; what is understood is written back the same, shown
// as text, and applied.
func FuzzRecords(f *testing.F) {
	t := transaction{id: "t", producerID: 7, prevProducerID: 6, nextProducerID: 8, epoch: 3, prevEpoch: 2, timeoutMs: 1000,
		state: PrepareCommit, partitions: []Partition{{"a", 0}, {"b", 1}}, startMs: 5, updatedMs: 6, version: Bumped}
	r := transactionRecord(&t, Bumped)
	f.Add(r.Key, r.Value)
	f.Add(r.Key, []byte(nil))
	t.nextProducerID, t.prevProducerID, t.prevEpoch, t.version, t.state = noProducerID, noProducerID, noEpoch, 0, Ongoing
	r = transactionRecord(&t, 0)
	f.Add(r.Key, r.Value)
	f.Add([]byte{0, 9, 1}, r.Value)
	r = transactionRecord(&t, Bumped)
	f.Add(r.Key, append(r.Value[:len(r.Value)-1], 0xff, 0xff, 0xff, 0xff, 0x0f)) // four billion tagged fields
	f.Fuzz(func(t *testing.T, key, value []byte) {
		id, known, err := parseKey(key)
		_, dumped := DumpRecord(key, value)
		m := newMachine(&Config{}, new(atomic.Int32), leadership{}, &rig{}, slog.New(slog.DiscardHandler))
		applied := m.Apply(coordinator.Record{Key: key, Value: value}, new(coordinator.Undo))
		if err != nil || !known {
			if dumped == nil || (applied == nil) == (err != nil) {
				t.Fatalf("key %x: %v, known %v; dumped: %v, applied: %v", key, err, known, dumped, applied)
			}
			return
		}
		if value == nil {
			return
		}
		got, err := parseValue(id, value)
		if (err == nil) != (dumped == nil) || (err == nil) != (applied == nil) {
			t.Fatalf("value %x: %v, but dumped: %v, applied: %v", value, err, dumped, applied)
		}
		if err != nil {
			return
		}
		for _, agreed := range []int16{0, Bumped} {
			again, err := parseValue(id, transactionRecord(got, agreed).Value)
			if err != nil || !reflect.DeepEqual(got, again) {
				t.Fatalf("%+v is read back as %+v, %v", got, again, err)
			}
		}
	})
}
