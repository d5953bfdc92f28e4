package coordinator

import (
	"context"
	"fmt"
	"log/slog"

	"weir/record"
)

// decompressedMax bounds one batch while loading. Batches of our own are not compressed; Kafka's may be.
const decompressedMax = 256 << 20

// loader replays a log into a machine.
type loader struct {
	runner  *runner
	records int
	bytes   int64
}

// load replays the shard's log from its start to its durable end, a bounded piece at a time.
//
// Records of a transaction count when its commit marker comes; those of an aborted or open one do not.
func (r *runner) load() error {
	began := r.clock.Now()
	l := loader{runner: r}
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
	r.tail.begin(end)
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
			err = l.runner.endPending(b.ProducerID, rec)
		case b.IsTransactional():
			l.records++
			err = l.runner.applyPending(Record{rec.Key, rec.Value}, Producer{b.ProducerID, b.ProducerEpoch}, nil)
			l.runner.tail.pends(b.ProducerID, rec.Offset, 1)
		default:
			l.records++
			err = l.runner.machine.Apply(Record{rec.Key, rec.Value}, nil)
		}
		if err != nil {
			return fmt.Errorf("record at offset %d: %w", rec.Offset, err)
		}
	}
	return nil
}
