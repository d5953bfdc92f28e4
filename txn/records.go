package txn

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/coordinator"
)

const (
	keyVersion = 0 // of the only kind of key there is
	// valueVersion is that of Kafka from transaction.version Announced on, plainVersion the one before, which has no
	// room for fields of later Kafkas; valueMax is the youngest that can be read.
	plainVersion = 0
	valueVersion = 1
	valueMax     = 1
)

// prevEpochTag is a tagged field of our own: the epoch before, which Kafka keeps in memory only. Readers pass
// over tags that they do not know.
const prevEpochTag = 10_000

// transactionRecord makes the record of what is known of a transactional id, in the form that the cluster has agreed
// on. Where only the later form can say it all, it is that one: Kafka then forgets the rest at its next start.
func transactionRecord(t *transaction, agreed int16) coordinator.Record {
	v := kmsg.NewTxnMetadataValue()
	v.Version = valueVersion
	if agreed < Announced && t.plain() {
		v.Version = plainVersion
	}
	v.ProducerID, v.ProducerEpoch, v.TimeoutMillis = t.producerID, t.epoch, t.timeoutMs
	v.PreviousProducerID, v.NextProducerID = t.prevProducerID, t.nextProducerID
	v.State = kmsg.TransactionState(t.state)
	v.StartTimestamp, v.LastUpdateTimestamp, v.ClientTransactionVersion = t.startMs, t.updatedMs, t.version
	for _, p := range t.partitions {
		if n := len(v.Topics); n == 0 || v.Topics[n-1].Topic != p.Topic {
			topic := kmsg.NewTxnMetadataValueTopic()
			topic.Topic = p.Topic
			v.Topics = append(v.Topics, topic)
		}
		topic := &v.Topics[len(v.Topics)-1]
		topic.Partitions = append(topic.Partitions, p.Index)
	}
	if t.prevEpoch != noEpoch {
		v.UnknownTags.Set(prevEpochTag, binary.BigEndian.AppendUint16(nil, uint16(t.prevEpoch)))
	}
	return coordinator.Record{Key: transactionKey(t.id), Value: v.AppendTo(nil)}
}

// plain tells whether the fields that every Kafka knows say all.
func (t *transaction) plain() bool {
	return t.nextProducerID == noProducerID && (t.prevProducerID == noProducerID || t.prevProducerID == t.producerID) &&
		t.prevEpoch == noEpoch && t.version < Bumped
}

// tombstone makes the record that forgets a transactional id.
func tombstone(id string) coordinator.Record { return coordinator.Record{Key: transactionKey(id)} }

func transactionKey(id string) []byte {
	k := kmsg.NewTxnMetadataKey()
	k.Version, k.TransactionalID = keyVersion, id
	return k.AppendTo(nil)
}

// parseKey reads a record's key; known is false for keys of a later Kafka, which are passed over.
func parseKey(key []byte) (id string, known bool, err error) {
	if len(key) < 2 {
		return "", false, fmt.Errorf("key of %d bytes", len(key))
	}
	if version := int16(binary.BigEndian.Uint16(key)); version != keyVersion {
		return "", false, nil
	}
	var k kmsg.TxnMetadataKey
	if err := k.ReadFrom(key); err != nil {
		return "", false, fmt.Errorf("decode key: %w", err)
	}
	return k.TransactionalID, true, nil
}

// countsFit walks over a value: kmsg believes any number of tagged fields, and would count to four billion.
func countsFit(value []byte) bool {
	r := kbin.Reader{Src: value}
	if r.Int16() == plainVersion {
		return true // it has none
	}
	r.Span(8 + 2 + 4 + 1) // producer id and epoch, timeout, state
	tags := func() {
		for range r.Uvarint() {
			r.Uvarint()
			if r.Span(int(r.Uvarint())); !r.Ok() {
				return
			}
		}
	}
	for range max(r.CompactArrayLen(), 0) {
		r.CompactString()
		r.Span(4 * int(max(r.CompactArrayLen(), 0)))
		if tags(); !r.Ok() {
			return false
		}
	}
	r.Span(8 + 8) // times
	tags()
	return r.Ok()
}

// parseValue reads a record's value. It keeps nothing of the bytes.
func parseValue(id string, value []byte) (*transaction, error) {
	if len(value) < 2 {
		return nil, fmt.Errorf("value of %d bytes", len(value))
	}
	if version := int16(binary.BigEndian.Uint16(value)); version < 0 || version > valueMax {
		return nil, fmt.Errorf("value of unknown version %d", version)
	}
	if !countsFit(value) {
		return nil, errors.New("decode value: it has less than it says")
	}
	v := kmsg.NewTxnMetadataValue()
	if err := v.ReadFrom(value); err != nil {
		return nil, fmt.Errorf("decode value: %w", err)
	}
	if v.State < 0 || int(v.State) >= len(stateNames) {
		return nil, fmt.Errorf("unknown state %d", v.State)
	}
	t := &transaction{
		id: id, producerID: v.ProducerID, prevProducerID: v.PreviousProducerID, nextProducerID: v.NextProducerID,
		epoch: v.ProducerEpoch, prevEpoch: noEpoch, timeoutMs: v.TimeoutMillis, state: State(v.State),
		startMs: v.StartTimestamp, updatedMs: v.LastUpdateTimestamp, version: v.ClientTransactionVersion,
	}
	for i := range v.Topics {
		for _, index := range v.Topics[i].Partitions {
			t.partitions = append(t.partitions, Partition{Topic: v.Topics[i].Topic, Index: index})
		}
	}
	t.partitions = (&transaction{}).with(t.partitions)
	v.UnknownTags.Each(func(tag uint32, data []byte) {
		if tag == prevEpochTag && len(data) == 2 {
			t.prevEpoch = int16(binary.BigEndian.Uint16(data))
		}
	})
	return t, nil
}
