package record

import (
	"errors"
	"fmt"
	"math"
)

// walk is one pass over a batch's records: their framing, the topic's rules,
// and what the header has to say about them.
type walk struct {
	batch *Batch
	rules *Rules

	ordered      bool  // offset deltas are 0, 1, 2 ...
	maxTimestamp int64 // of all records; NoTimestamp for none
	rejected     *RejectedError
}

// minRecord is the length of the smallest record: size, attributes, timestamp
// delta, offset delta, key, value and header count of one byte each.
const minRecord = 7

// run walks all records. A broken record ends the walk; records that break a
// rule are collected.
func (w *walk) run() error {
	b := w.batch
	limit, maxRecord := int64(noLimit), int64(math.MaxInt32)
	if b.Codec() != None {
		limit = batchLimit(len(b.Raw))
		if int64(b.Count)*minRecord > limit {
			return fmt.Errorf("%d records: %w", b.Count, ErrTooLargeDecompressed)
		}
		if w.rules.MaxDecompressed > 0 {
			maxRecord = w.rules.MaxDecompressed
		}
	}
	var s section
	defer s.close()
	if err := s.open(b, limit); err != nil {
		return err
	}
	for i := range b.Count {
		m, ok := s.next(maxRecord)
		if !ok {
			return fmt.Errorf("record %d: %w", i, s.err)
		}
		if m.offsetDelta != i {
			w.ordered = false
		}
		timestamp := b.BaseTimestamp + m.timestampDelta
		w.maxTimestamp = max(w.maxTimestamp, timestamp)
		if w.rules.RequireKeys && !m.hasKey {
			w.reject(i, ErrInvalid, "compacted topic cannot accept message without key")
		} else if err := w.rules.checkTimestamp(timestamp, b); err != nil {
			w.reject(i, ErrInvalidTimestamp, err.Error())
		}
	}
	if !s.atEnd() {
		if s.err != nil {
			return s.err
		}
		return invalidf("bytes remain after %d records", b.Count)
	}
	if w.rejected != nil {
		return w.rejected
	}
	return nil
}

// reject notes a record that breaks a rule. One bad timestamp makes it the
// batch's error, as in LogValidator.processRecordErrors.
func (w *walk) reject(index int32, err error, message string) {
	if w.rejected == nil {
		w.rejected = &RejectedError{Err: err}
	}
	e := w.rejected
	e.Total++
	if errors.Is(err, ErrInvalidTimestamp) {
		e.Err = err
	}
	if len(e.Records) < maxRecordErrors {
		e.Records = append(e.Records, RecordError{Index: index, Err: err, Message: message})
	}
}

// checkTimestamp applies message.timestamp.type, .before.max.ms and
// .after.max.ms to one record. The two differences are taken without
// overflow: a timestamp at the end of the range is out of bounds, not in.
func (r *Rules) checkTimestamp(timestamp int64, b *Batch) error {
	if r.TimestampType == LogAppendTime {
		if b.LogAppendTime() {
			return errAppendTimeFromClient
		}
		return nil
	}
	if timestamp == NoTimestamp {
		return nil
	}
	if timestamp >= 0 && subtract(r.NowMs, timestamp) <= r.BeforeMaxMs &&
		subtract(timestamp, r.NowMs) <= r.AfterMaxMs {
		return nil
	}
	return fmt.Errorf("timestamp %d is out of range; it should be within [%d, %d]", timestamp,
		subtract(r.NowMs, r.BeforeMaxMs), add(r.NowMs, r.AfterMaxMs))
}

var errAppendTimeFromClient = errors.New("producer should not set timestamp type to LogAppendTime")

// subtract is a-b, held at the ends of the range.
func subtract(a, b int64) int64 {
	d := a - b
	if (a >= 0) != (b >= 0) && (d >= 0) != (a >= 0) {
		if a >= 0 {
			return math.MaxInt64
		}
		return math.MinInt64
	}
	return d
}

// add is a+b, held at the ends of the range.
func add(a, b int64) int64 {
	s := a + b
	if (a >= 0) == (b >= 0) && (s >= 0) != (a >= 0) {
		if a >= 0 {
			return math.MaxInt64
		}
		return math.MinInt64
	}
	return s
}
