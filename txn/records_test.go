package txn

import (
	"encoding/binary"
	"reflect"
	"testing"
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
