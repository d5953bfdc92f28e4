package coordinator

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"

	"weir/record"
)

// decompressedMax bounds one batch while loading. Batches of our own are not compressed; Kafka's may be.
const decompressedMax = 256 << 20

// loader replays a log into a machine.
type loader struct {
	machine Machine
	open    map[int64][]Record // by producer id, the records of transactions that have not ended
	records int
	bytes   int64
}

// load replays the shard's log from its start to its durable end, a bounded piece at a time.
//
// Records of a transaction count when its commit marker comes; those of an aborted or open one do not.
func (r *runner) load() error {
	began := r.clock.Now()
	l := loader{machine: r.machine, open: make(map[int64][]Record)}
	offset, end, err := r.log.Bounds(r.stop)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	for offset < end {
		select {
		case <-r.stop:
			return errStopped
		default:
		}
		piece, err := r.log.Read(offset, r.config.LoadBufferBytes)
		if err != nil {
			return fmt.Errorf("load from offset %d: %w", offset, err)
		}
		next, err := l.replay(piece, offset)
		if err != nil {
			return fmt.Errorf("load from offset %d: %w", offset, err)
		}
		if next == offset {
			return fmt.Errorf("load from offset %d: no whole batch before the end %d: %w", offset, end,
				record.ErrCorrupt)
		}
		offset = next
	}
	level := slog.LevelInfo
	if l.records == 0 {
		level = slog.LevelDebug // there are many empty shards
	}
	r.logger.Log(context.Background(), level, "coordinator shard loaded", "records", l.records,
		"bytes", l.bytes, "end", end, "took", r.clock.Since(began))
	return nil
}

// replay applies the whole batches of a piece of the log, and gives the offset after them. A batch cut short
// by the piece's end is left for the next piece.
func (l *loader) replay(piece []byte, offset int64) (next int64, err error) {
	for len(piece) >= record.HeaderSize {
		h, err := record.ParseHeader(piece)
		if err != nil {
			return offset, err
		}
		if h.Size() > len(piece) {
			break
		}
		b := record.Batch{Header: h, Raw: piece[:h.Size()]}
		if !record.CheckCRC(b.Raw) {
			return offset, fmt.Errorf("batch at offset %d: checksum does not match: %w", h.BaseOffset,
				record.ErrCorrupt)
		}
		if err := l.replayBatch(b); err != nil {
			return offset, fmt.Errorf("batch at offset %d: %w", h.BaseOffset, err)
		}
		l.bytes += int64(h.Size())
		offset, piece = h.LastOffset()+1, piece[h.Size():]
	}
	return offset, nil
}

func (l *loader) replayBatch(b record.Batch) error {
	for rec, err := range b.Records(decompressedMax) {
		if err != nil {
			return err
		}
		switch {
		case b.IsControl():
			err = l.endTransaction(b.ProducerID, rec.Key)
		case b.IsTransactional():
			l.open[b.ProducerID] = append(l.open[b.ProducerID], clone(rec))
		default:
			err = l.apply(Record{rec.Key, rec.Value})
		}
		if err != nil {
			return fmt.Errorf("record at offset %d: %w", rec.Offset, err)
		}
	}
	return nil
}

// endTransaction looks at a control record: its key is a version and a type, both of two bytes.
func (l *loader) endTransaction(producerID int64, key []byte) error {
	if len(key) < 4 {
		return errors.New("control record has a short key")
	}
	records := l.open[producerID]
	delete(l.open, producerID)
	if record.ControlType(binary.BigEndian.Uint16(key[2:])) != record.ControlCommit {
		return nil
	}
	for _, r := range records {
		if err := l.apply(r); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) apply(r Record) error {
	l.records++
	return l.machine.Apply(r, nil)
}

// clone copies a record out of the read buffer.
func clone(r record.Record) Record {
	c := Record{Key: append([]byte{}, r.Key...)}
	if r.Value != nil {
		c.Value = append([]byte{}, r.Value...)
	}
	return c
}
