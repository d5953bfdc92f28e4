package bench

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"
)

// stamper writes into each record's first 16 bytes when it was due, in nanoseconds since the stamper was made, and its number.
type stamper struct {
	began   time.Time
	silent  bool // the records carry no time: nobody measures them
	next    atomic.Uint64
	print   atomic.Uint64 // of all records sent
	buffers sync.Pool     // *[]byte; a value is in use until it is acknowledged
}

func newStamper(silent bool) *stamper {
	return &stamper{began: time.Now(), silent: silent, buffers: sync.Pool{New: func() any { return new([]byte) }}}
}

// mark copies a value and stamps the copy.
func (s *stamper) mark(value []byte, due time.Time) *[]byte {
	buffer := s.buffers.Get().(*[]byte)
	*buffer = append((*buffer)[:0], value...)
	at := int64(-1)
	if !s.silent {
		at = int64(due.Sub(s.began))
	}
	n := s.next.Add(1)
	s.print.Add(fingerprint(n))
	binary.BigEndian.PutUint64(*buffer, uint64(at))
	binary.BigEndian.PutUint64((*buffer)[8:], n)
	return buffer
}

// readStamp gives the time since the stamper was made, negative where there is none, and the number.
func readStamp(value []byte) (at time.Duration, n uint64, ok bool) {
	if len(value) < stampBytes {
		return 0, 0, false
	}
	return time.Duration(binary.BigEndian.Uint64(value)), binary.BigEndian.Uint64(value[8:]), true
}

// fingerprint spreads a number over 64 bits (the finalizer of SplitMix64), so that the sum over a set of numbers tells it from
// other sets: a record that is missing and one that came twice do not cancel out.
func fingerprint(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
