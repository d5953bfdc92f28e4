package record

import (
	"errors"
	"fmt"
	"math"
)

// walked is what a pass over a batch's records has found out.
type walked struct {
	ordered      bool  // offset deltas are 0, 1, 2 ...
	headers      bool  // some record has any
	maxTimestamp int64 // of all records; NoTimestamp for none
}

// maxRecords is how many records a compressed batch may hold that is not as
// many bytes long: with [batchLimit] it bounds the work that a small batch can
// ask for to some 50 ms.
const maxRecords = 2 << 20

// walk passes over all records: their framing and the topic's rules. A broken
// record ends the walk; records that break a rule are collected.
func walk(b *Batch, r *Rules) (walked, error) {
	limit, maxRecord := int64(noLimit), int64(math.MaxInt32)
	if b.Codec() != None {
		limit = batchLimit(len(b.Raw))
		if b.Count > maxRecords && int(b.Count) > len(b.Raw) {
			return walked{}, fmt.Errorf("%d records: %w", b.Count, ErrTooLargeDecompressed)
		}
		if r.MaxDecompressed > 0 {
			maxRecord = r.MaxDecompressed
		}
	}
	var s section
	defer s.close()
	if err := s.open(b, limit); err != nil {
		return walked{}, err
	}
	w := walked{ordered: true, maxTimestamp: NoTimestamp}
	var passed struct { // the last timestamp that kept the rules; those of neighbours are often equal
		any       bool
		timestamp int64
	}
	var rejected *RejectedError
	o := ordinaryOf(b, r, maxRecord)
	for i := int32(0); ; i++ {
		s.pos, i = o.pass(s.b, s.pos, i, b.Count)
		if i == b.Count {
			break
		}
		m, ok := s.next(maxRecord)
		if !ok {
			return w, fmt.Errorf("record %d: %w", i, s.err)
		}
		w.headers = w.headers || m.hasHeaders
		if m.offsetDelta != i {
			w.ordered = false
		}
		timestamp := b.BaseTimestamp + m.timestampDelta
		if r.RequireKeys && !m.hasKey {
			w.maxTimestamp = max(w.maxTimestamp, timestamp)
			rejected = rejected.add(i, ErrInvalid, "compacted topic cannot accept message without key")
			continue
		}
		if passed.any && timestamp == passed.timestamp {
			continue
		}
		w.maxTimestamp = max(w.maxTimestamp, timestamp)
		if err := r.checkTimestamp(timestamp, b.LogAppendTime()); err != nil {
			rejected = rejected.add(i, ErrInvalidTimestamp, err.Error())
			continue
		}
		passed.any, passed.timestamp = true, timestamp
	}
	w.maxTimestamp = max(w.maxTimestamp, o.newest)
	w.headers = w.headers || o.headers
	if !s.atEnd() {
		if s.err != nil {
			return w, s.err
		}
		return w, invalidf("bytes remain after %d records", b.Count)
	}
	if rejected != nil {
		return w, rejected
	}
	return w, nil
}

// add notes a record that breaks a rule; e is nil before the first. One bad
// timestamp makes it the batch's error, as in LogValidator.processRecordErrors.
func (e *RejectedError) add(index int32, err error, message string) *RejectedError {
	if e == nil {
		e = &RejectedError{Err: err}
	}
	e.Total++
	if errors.Is(err, ErrInvalidTimestamp) {
		e.Err = err
	}
	if len(e.Records) < maxRecordErrors {
		e.Records = append(e.Records, RecordError{Index: index, Err: err, Message: message})
	}
	return e
}

// checkTimestamp applies message.timestamp.type, .before.max.ms and
// .after.max.ms to one record. The two differences are taken without
// overflow: a timestamp at the end of the range is out of bounds, not in.
func (r *Rules) checkTimestamp(timestamp int64, appendTime bool) error {
	if r.TimestampType == LogAppendTime {
		if appendTime {
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
