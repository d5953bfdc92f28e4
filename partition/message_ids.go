package partition

import (
	"weir/log"
	"weir/record"
)

// messageID is the hash of a message id.
type messageID [2]uint64

// remembered is a record that was appended.
type remembered struct {
	id     messageID
	offset int64
	atMs   int64
}

// messageIDs are those that were appended to a log within the window, the newest MaxIDs of them. Each takes about 100 bytes.
type messageIDs struct {
	config  DedupConfig
	k0, k1  uint64 // of the hash
	offsets map[messageID]int64
	order   []remembered // the oldest first, from gone on
	gone    int
}

func (m *messageIDs) add(r remembered) {
	if n := len(m.order); n > m.gone {
		r.atMs = max(r.atMs, m.order[n-1].atMs) // so that the order holds
	}
	if len(m.offsets) >= m.config.MaxIDs {
		m.drop()
	}
	m.offsets[r.id] = r.offset
	m.order = append(m.order, r)
}

// forget drops those that the window has left.
func (m *messageIDs) forget(nowMs int64) {
	for m.gone < len(m.order) && m.order[m.gone].atMs <= nowMs-m.config.WindowMs {
		m.drop()
	}
}

// drop forgets the oldest.
func (m *messageIDs) drop() {
	oldest := m.order[m.gone]
	m.gone++
	if m.offsets[oldest.id] == oldest.offset {
		delete(m.offsets, oldest.id)
	}
	if m.gone > 1000 && m.gone > len(m.order)/2 {
		m.order = append([]remembered(nil), m.order[m.gone:]...)
		m.gone = 0
	}
}

// idReadBytes is how much of a log is read at once.
const idReadBytes = 1 << 20

// read takes the ids out of a log that are in its window by the timestamps of the records.
func (m *messageIDs) read(l *log.Log, nowMs int64) error {
	m.offsets, m.order, m.gone = make(map[messageID]int64), nil, 0
	if mutantForgetIDs {
		return nil
	}
	from, ok, err := l.LookupTime(nowMs - m.config.WindowMs + 1)
	if err != nil || !ok {
		return err
	}
	for at, end := from.Offset, l.EndOffset(); at < end; {
		next, err := m.readAt(l, at, end, nowMs)
		if err != nil {
			return err
		}
		if next <= at {
			break
		}
		at = next
	}
	return nil
}

// readAt takes the ids out of some batches, and tells where the next one begins.
func (m *messageIDs) readAt(l *log.Log, at, end, nowMs int64) (next int64, err error) {
	slices, err := l.Read(at, end, idReadBytes, true)
	if err != nil {
		return 0, err
	}
	defer func() {
		for _, s := range slices {
			s.Release()
		}
	}()
	for _, s := range slices {
		raw, err := s.Bytes()
		if err != nil {
			return 0, err
		}
		for {
			h, err := record.ParseHeader(raw)
			if err != nil || h.Size() > len(raw) {
				break // cut short
			}
			if err := m.take(record.Batch{Header: h, Raw: raw[:h.Size():h.Size()]}, nowMs); err != nil {
				return 0, err
			}
			raw, next = raw[h.Size():], h.LastOffset()+1
		}
	}
	return next, nil
}

// take remembers the ids of a batch of the log.
func (m *messageIDs) take(b record.Batch, nowMs int64) error {
	if b.Count == 0 || b.IsControl() || b.IsTransactional() {
		return nil
	}
	return eachID(b, func(_ int, r *record.Record, id []byte) {
		h := m.hash(id)
		if _, known := m.offsets[h]; !known && r.Timestamp > nowMs-m.config.WindowMs {
			m.add(remembered{h, r.Offset, min(r.Timestamp, nowMs)})
		}
	})
}
