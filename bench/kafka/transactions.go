package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/bench"
)

// The versions that writers of transactions speak: those in which a write alone makes a partition part of a transaction, and the
// epoch rises with every end (KIP-890).
const (
	transactionalProduce = 12
	endTxnVersion        = 5
	initProducerVersion  = 5
)

// Where the fields of a batch's producer stand.
const (
	producerIDAt    = 43
	producerEpochAt = 51
	sequenceAt      = 53
)

// rawWriter is a bench.TransactionWriter of two requests a transaction, one at a time: what is written, and the end.
type rawWriter struct {
	*asker
	id         string
	producerID int64
	epoch      int16
	made       []batch
	at         int
	partitions int32
	produce    *kmsg.ProduceRequest
	end        *kmsg.EndTxnRequest
	wire       []byte
}

// NewTransactionWriter makes a writer; its transactions go to the partitions in turn, from the i-th.
func (d *Driver) NewTransactionWriter(ctx context.Context, topic string, c bench.Config, i int) (bench.TransactionWriter, error) {
	id := fmt.Sprintf("%s-writer-%d", topic, i)
	if !d.raw {
		return d.newSession(topic, id, c, i)
	}
	c.BatchRecords = c.TransactionRecords
	made, err := d.made.get(c)
	if err != nil {
		return nil, err
	}
	a, err := d.newTransactional(ctx)
	if err != nil {
		return nil, err
	}
	w := &rawWriter{asker: a, id: id, made: made, at: i, partitions: c.Partitions, produce: kmsg.NewPtrProduceRequest(), end: kmsg.NewPtrEndTxnRequest()}
	if w.producerID, w.epoch, err = a.introduce(ctx, id); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	partition := kmsg.NewProduceRequestTopicPartition()
	t := kmsg.NewProduceRequestTopic()
	t.Topic, t.Partitions = topic, []kmsg.ProduceRequestTopicPartition{partition}
	w.produce.Version, w.produce.TransactionID, w.produce.Acks, w.produce.TimeoutMillis = transactionalProduce, &w.id, -1, 30_000
	w.produce.Topics = []kmsg.ProduceRequestTopic{t}
	w.end.Version, w.end.TransactionalID, w.end.Commit = endTxnVersion, id, true
	return w, nil
}

// Transact writes one batch and commits it.
func (w *rawWriter) Transact(ctx context.Context) (bench.Transaction, error) {
	b := w.made[w.at%len(w.made)]
	w.wire = append(w.wire[:0], b.wire...)
	attributes := w.wire[checkedFrom:]
	binary.BigEndian.PutUint16(attributes, binary.BigEndian.Uint16(attributes)|1<<4) // transactional
	binary.BigEndian.PutUint64(w.wire[producerIDAt:], uint64(w.producerID))
	binary.BigEndian.PutUint16(w.wire[producerEpochAt:], uint16(w.epoch))
	binary.BigEndian.PutUint32(w.wire[sequenceAt:], 0) // the epoch is new
	binary.BigEndian.PutUint32(w.wire[checkedFrom-4:], crc32.Checksum(w.wire[checkedFrom:], castagnoli))
	to := &w.produce.Topics[0].Partitions[0]
	to.Partition, to.Records = int32(w.at)%w.partitions, w.wire
	w.at++
	t := bench.Transaction{Records: b.records, Bytes: b.payload}
	err := w.patiently(ctx, &t, func() error {
		answer := w.produce.ResponseKind().(*kmsg.ProduceResponse)
		if err := w.ask(w.produce, answer); err != nil {
			return err
		}
		if len(answer.Topics) != 1 || len(answer.Topics[0].Partitions) != 1 {
			return errors.New("the answer is not for one partition")
		}
		return kerr.ErrorForCode(answer.Topics[0].Partitions[0].ErrorCode)
	})
	if err != nil {
		return t, fmt.Errorf("produce: %w", err)
	}
	w.end.ProducerID, w.end.ProducerEpoch = w.producerID, w.epoch
	began := time.Now()
	err = w.patiently(ctx, &t, func() error {
		answer := w.end.ResponseKind().(*kmsg.EndTxnResponse)
		if err := w.ask(w.end, answer); err != nil {
			return err
		}
		if answer.ErrorCode == 0 {
			w.producerID, w.epoch = answer.ProducerID, answer.ProducerEpoch
		}
		return kerr.ErrorForCode(answer.ErrorCode)
	})
	t.Commit = time.Since(began)
	if err != nil {
		return t, fmt.Errorf("end transaction: %w", err)
	}
	return t, nil
}

// patiently sends a request again while the transaction before is not over.
func (w *rawWriter) patiently(ctx context.Context, t *bench.Transaction, send func() error) error {
	for {
		err := send()
		if !errors.Is(err, kerr.ConcurrentTransactions) {
			return err
		}
		t.Again++
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(backOff): // a transaction's end is not announced
		}
	}
}
