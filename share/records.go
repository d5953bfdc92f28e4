package share

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kbin"

	"weir/coordinator"
	"weir/metadata"
)

// Versions of keys, which tell the kind of record.
const (
	keySnapshot = 0 // a share partition whole (ShareSnapshotKey)
	keyUpdate   = 1 // a change of it (ShareUpdateKey)
)

// Optional fields of values. Those from 10,000 on are our own; readers pass over what they do not know.
const (
	tagComplete = 0
	tagDue      = 10_000 // when records that were released are to be delivered
	tagPart     = 10_001 // the record is part of a snapshot that takes several
	tagDying    = 10_002 // records whose dead letters are being written
)

// noChange is the start offset of an update that leaves it.
const noChange = -1

// stored is the value of either record.
type stored struct {
	snapshotEpoch, stateEpoch, leaderEpoch int32 // stateEpoch only of snapshots
	start                                  int64
	complete                               int32
	createdMs, writtenMs                   int64 // of snapshots
	batches                                []batch
	due                                    []dueBatch
	dying                                  []dyingBatch
	part                                   partKind
}

// partKind says that a record is part of a snapshot that takes several: the first of them or one between, or the last.
type partKind int8

const (
	whole    partKind = 0
	partial  partKind = 1
	lastPart partKind = 2
)

// batch is neighbouring offsets in one state.
type batch struct {
	first, last int64
	state       State
	count       int16
}

// What each takes in a record; a dying one, besides, its topic.
const (
	batchBytes = 20
	dueBytes   = 24
	dyingBytes = 32
)

type dueBatch struct{ first, last, dueMs int64 }

// dyingBatch is records to be archived once their dead letters are written.
type dyingBatch struct {
	first, last int64
	cause       Cause
	letter
}

func key(k Key, version uint16) []byte {
	b := binary.BigEndian.AppendUint16(nil, version)
	b = kbin.AppendString(b, k.Group)
	b = append(b, k.Topic[:]...)
	return kbin.AppendInt32(b, k.Index)
}

// parseKey reads a record's key; known is false for keys of a later Kafka, which are passed over.
func parseKey(b []byte) (k Key, version int16, known bool, err error) {
	r := kbin.Reader{Src: b}
	version = r.Int16()
	if version != keySnapshot && version != keyUpdate {
		return k, version, false, r.Complete()
	}
	k = Key{Group: r.String(), PartitionID: metadata.PartitionID{Topic: r.Uuid(), Index: r.Int32()}}
	if err := r.Complete(); err != nil || len(r.Src) > 0 {
		return k, version, true, fmt.Errorf("key of %d bytes is cut short or too long", len(b))
	}
	return k, version, true, nil
}

func (v *stored) snapshot(k Key) coordinator.Record {
	b := []byte{0, 0}
	b = kbin.AppendInt32(b, v.snapshotEpoch)
	b = kbin.AppendInt32(b, v.stateEpoch)
	b = kbin.AppendInt32(b, v.leaderEpoch)
	b = kbin.AppendInt64(b, v.start)
	b = kbin.AppendInt64(b, v.createdMs)
	b = kbin.AppendInt64(b, v.writtenMs)
	return coordinator.Record{Key: key(k, keySnapshot), Value: v.appendRest(b)}
}

func (v *stored) update(k Key) coordinator.Record {
	b := []byte{0, 0}
	b = kbin.AppendInt32(b, v.snapshotEpoch)
	b = kbin.AppendInt32(b, v.leaderEpoch)
	b = kbin.AppendInt64(b, v.start)
	return coordinator.Record{Key: key(k, keyUpdate), Value: v.appendRest(b)}
}

func (v *stored) appendRest(b []byte) []byte {
	b = kbin.AppendCompactArrayLen(b, len(v.batches))
	for _, s := range v.batches {
		b = kbin.AppendInt64(b, s.first)
		b = kbin.AppendInt64(b, s.last)
		b = kbin.AppendInt8(b, int8(s.state))
		b = kbin.AppendInt16(b, s.count)
		b = append(b, 0)
	}
	type tag struct {
		number uint32
		data   []byte
	}
	tags := []tag{{tagComplete, kbin.AppendInt32(nil, v.complete)}}
	if len(v.due) > 0 {
		var data []byte
		for _, d := range v.due {
			data = kbin.AppendInt64(kbin.AppendInt64(kbin.AppendInt64(data, d.first), d.last), d.dueMs)
		}
		tags = append(tags, tag{tagDue, data})
	}
	if v.part != whole {
		tags = append(tags, tag{tagPart, []byte{byte(v.part)}})
	}
	if len(v.dying) > 0 {
		tags = append(tags, tag{tagDying, appendDying(nil, v.dying)})
	}
	b = kbin.AppendUvarint(b, uint32(len(tags)))
	for _, t := range tags {
		b = kbin.AppendUvarint(kbin.AppendUvarint(b, t.number), uint32(len(t.data)))
		b = append(b, t.data...)
	}
	return b
}

// dyingRunBytes is what each of neighbours with one letter takes.
const dyingRunBytes = 17

// appendDying writes where dead letters go once for all neighbours of which it is the same: thousands of one decision do, and what a
// decision changes must fit into one batch.
func appendDying(b []byte, all []dyingBatch) []byte {
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].letter == all[0].letter {
			n++
		}
		b = kbin.AppendBool(kbin.AppendInt64(kbin.AppendCompactString(b, all[0].topic), all[0].from), all[0].whole)
		b = kbin.AppendUvarint(b, uint32(n))
		for _, d := range all[:n] {
			b = kbin.AppendInt8(kbin.AppendInt64(kbin.AppendInt64(b, d.first), d.last), int8(d.cause))
		}
		all = all[n:]
	}
	return b
}

// readDying reads what appendDying wrote.
func readDying(r *kbin.Reader) (all []dyingBatch) {
	for r.Ok() && len(r.Src) > 0 {
		to := letter{r.CompactString(), r.Int64(), r.Bool()}
		n := r.Uvarint()
		if !r.Ok() || int64(n)*dyingRunBytes > int64(len(r.Src)) {
			r.Span(len(r.Src) + 1) // is not there
			return nil
		}
		for range n {
			all = append(all, dyingBatch{r.Int64(), r.Int64(), Cause(r.Int8()), to})
		}
	}
	return all
}

// errValue says that a value cannot be understood.
var errValue = errors.New("value is cut short or malformed")

func parseValue(version int16, b []byte) (*stored, error) {
	r := &kbin.Reader{Src: b}
	if r.Int16() != 0 {
		return nil, errValue
	}
	v := &stored{complete: -1, snapshotEpoch: r.Int32()}
	if version == keySnapshot {
		v.stateEpoch = r.Int32()
	}
	v.leaderEpoch, v.start = r.Int32(), r.Int64()
	if version == keySnapshot {
		v.createdMs, v.writtenMs = r.Int64(), r.Int64()
	}
	n := int(r.CompactArrayLen())
	if !r.Ok() || n < 0 || n > len(r.Src)/batchBytes {
		return nil, errValue
	}
	v.batches = make([]batch, n)
	for i := range v.batches {
		s := &v.batches[i]
		*s = batch{r.Int64(), r.Int64(), State(r.Int8()), r.Int16()}
		skipTags(r)
		if !r.Ok() || s.first < 0 || s.last < s.first || s.state != StateAvailable && !s.state.settled() || s.count < 0 ||
			i > 0 && s.first <= v.batches[i-1].last {
			return nil, errValue
		}
	}
	for range r.Uvarint() {
		if !r.Ok() {
			break
		}
		number := r.Uvarint()
		field := kbin.Reader{Src: r.Span(int(r.Uvarint()))}
		if v.tag(number, &field); !field.Ok() {
			return nil, errValue
		}
	}
	if !r.Ok() || v.start < noChange {
		return nil, errValue
	}
	return v, nil
}

func (v *stored) tag(number uint32, r *kbin.Reader) {
	switch number {
	case tagComplete:
		v.complete = r.Int32()
	case tagPart:
		v.part = partKind(r.Int8())
	case tagDue:
		for r.Ok() && len(r.Src) > 0 {
			v.due = append(v.due, dueBatch{r.Int64(), r.Int64(), r.Int64()})
		}
	case tagDying:
		v.dying = append(v.dying, readDying(r)...)
	}
}

func skipTags(r *kbin.Reader) {
	for range r.Uvarint() {
		if !r.Ok() {
			return
		}
		r.Uvarint()
		r.Span(int(r.Uvarint()))
	}
}
