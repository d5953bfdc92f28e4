package log

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
)

// errBadSnapshot says that a .snapshot file does not read as one.
var errBadSnapshot = errors.New("producer snapshot is damaged")

// A .snapshot file (ProducerSnapshot.json v1): version int16, CRC-32C of all that follows uint32, count
// int32, then per producer the fields below, big-endian. Kafka keeps a producer's last batch only. Behind its
// last entry we put the batches before the last, which Kafka's reader does not look at but its checksum
// covers, so that a resend of any of the last five is still recognised after a restart.
const (
	snapshotVersion     = 1
	snapshotHeaderBytes = 2 + 4 + 4
	snapshotCRCFrom     = 2 + 4
	snapshotEntryBytes  = 8 + 2 + 4 + 8 + 4 + 8 + 4 + 8
	tailMagic           = 0x57423501 // "WB5", version 1
	tailBatchBytes      = 4 + 8 + 4 + 8
)

// encodeSnapshot writes the state, ordered by producer id.
func encodeSnapshot(s *producers) []byte {
	ids := slices.Sorted(maps.Keys(s.byID))
	b := make([]byte, snapshotHeaderBytes, snapshotHeaderBytes+len(ids)*snapshotEntryBytes)
	binary.BigEndian.PutUint16(b, snapshotVersion)
	binary.BigEndian.PutUint32(b[snapshotCRCFrom:], uint32(len(ids)))
	tails := uint32(0)
	for _, id := range ids {
		p := s.byID[id]
		last := p.last()
		b = binary.BigEndian.AppendUint64(b, uint64(p.id))
		b = binary.BigEndian.AppendUint16(b, uint16(p.epoch))
		b = binary.BigEndian.AppendUint32(b, uint32(last.lastSeq))
		b = binary.BigEndian.AppendUint64(b, uint64(last.lastOffset))
		b = binary.BigEndian.AppendUint32(b, uint32(last.delta))
		b = binary.BigEndian.AppendUint64(b, uint64(p.lastTimestamp))
		b = binary.BigEndian.AppendUint32(b, uint32(p.coordinatorEpoch))
		b = binary.BigEndian.AppendUint64(b, uint64(p.txnFirst))
		if p.n > 1 {
			tails++
		}
	}
	if tails > 0 {
		b = binary.BigEndian.AppendUint32(b, tailMagic)
		b = binary.BigEndian.AppendUint32(b, tails)
		for _, id := range ids {
			b = appendTail(b, s.byID[id])
		}
	}
	binary.BigEndian.PutUint32(b[2:], crc32.Checksum(b[snapshotCRCFrom:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// appendTail writes a producer's batches before the last, oldest first.
func appendTail(b []byte, p *producer) []byte {
	if p.n <= 1 {
		return b
	}
	b = binary.BigEndian.AppendUint64(b, uint64(p.id))
	b = append(b, byte(p.n-1))
	for _, m := range p.batches[:p.n-1] {
		b = binary.BigEndian.AppendUint32(b, uint32(m.lastSeq))
		b = binary.BigEndian.AppendUint64(b, uint64(m.lastOffset))
		b = binary.BigEndian.AppendUint32(b, uint32(m.delta))
		b = binary.BigEndian.AppendUint64(b, uint64(m.timestamp))
	}
	return b
}

// decodeSnapshot reads a snapshot written by Kafka or by encodeSnapshot.
func decodeSnapshot(b []byte) (producers, error) {
	var s producers
	if len(b) < snapshotHeaderBytes {
		return s, fmt.Errorf("%w: %d bytes", errBadSnapshot, len(b))
	}
	if v := binary.BigEndian.Uint16(b); v != snapshotVersion {
		return s, fmt.Errorf("%w: version %d", errBadSnapshot, v)
	}
	sum := crc32.Checksum(b[snapshotCRCFrom:], crc32.MakeTable(crc32.Castagnoli))
	if sum != binary.BigEndian.Uint32(b[2:]) {
		return s, fmt.Errorf("%w: checksum", errBadSnapshot)
	}
	n := int(int32(binary.BigEndian.Uint32(b[snapshotCRCFrom:])))
	b = b[snapshotHeaderBytes:]
	if n < 0 || n > len(b)/snapshotEntryBytes {
		return s, fmt.Errorf("%w: %d producers in %d bytes", errBadSnapshot, n, len(b))
	}
	for range n {
		s.put(decodeEntry(b))
		b = b[snapshotEntryBytes:]
	}
	return s, decodeTails(&s, b)
}

func decodeEntry(b []byte) *producer {
	p := newProducer(int64(binary.BigEndian.Uint64(b)))
	p.epoch = int16(binary.BigEndian.Uint16(b[8:]))
	lastSeq := int32(binary.BigEndian.Uint32(b[10:]))
	lastOffset := int64(binary.BigEndian.Uint64(b[14:]))
	delta := int32(binary.BigEndian.Uint32(b[22:]))
	p.lastTimestamp = int64(binary.BigEndian.Uint64(b[26:]))
	p.coordinatorEpoch = int32(binary.BigEndian.Uint32(b[34:]))
	p.txnFirst = max(noTxn, int64(binary.BigEndian.Uint64(b[38:])))
	if lastOffset >= 0 {
		p.add(batchMeta{lastOffset: lastOffset, timestamp: p.lastTimestamp, lastSeq: lastSeq, delta: delta})
	}
	return p
}

func decodeTails(s *producers, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if len(b) < 8 || binary.BigEndian.Uint32(b) != tailMagic {
		return nil // something a later Kafka appends: covered by the checksum, of no use to us
	}
	n := int(binary.BigEndian.Uint32(b[4:]))
	b = b[8:]
	for range n {
		if len(b) < 9 || int(b[8]) >= batchesKept || len(b) < 9+int(b[8])*tailBatchBytes {
			return fmt.Errorf("%w: %d bytes left in tail", errBadSnapshot, len(b))
		}
		p, older := s.find(int64(binary.BigEndian.Uint64(b))), int(b[8])
		b = b[9:]
		if p == nil || p.n != 1 {
			return fmt.Errorf("%w: tail of a producer without a last batch", errBadSnapshot)
		}
		newest := p.last()
		p.n = 0
		for range older {
			p.add(batchMeta{
				lastSeq:    int32(binary.BigEndian.Uint32(b)),
				lastOffset: int64(binary.BigEndian.Uint64(b[4:])),
				delta:      int32(binary.BigEndian.Uint32(b[12:])),
				timestamp:  int64(binary.BigEndian.Uint64(b[16:])),
			})
			b = b[tailBatchBytes:]
		}
		p.add(newest)
	}
	return nil
}

// ProducerState is what the log knows of a producer (DescribeProducers).
type ProducerState struct {
	ProducerID       int64
	Epoch            int16
	LastSequence     int32
	LastTimestamp    int64 // ms
	CoordinatorEpoch int32
	TxnStartOffset   int64 // -1 when no transaction is open
}

// Producers describes the producers known to the log, ordered by id.
func (l *Log) Producers() []ProducerState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.producers.describe()
}

// expireProducers forgets producers idle past producer.id.expiration.ms.
func (l *Log) expireProducers(nowMs int64) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.producers.expire(nowMs, l.cfg.Load().ProducerIDExpirationMs)
}
