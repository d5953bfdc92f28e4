package log

import (
	"fmt"
	"math"

	"weir/record"
)

// batchesKept is how many of a producer's last batches are remembered, so that a resend of any of them is
// answered with its original offsets (ProducerStateEntry.NUM_BATCHES_TO_RETAIN). A client has at most that
// many in flight.
const batchesKept = 5

const noTxn int64 = -1

// batchMeta is what is remembered of one appended batch.
type batchMeta struct {
	lastOffset, timestamp int64
	lastSeq, delta        int32 // delta is the last offset minus the first
}

// firstSeq is the sequence of the batch's first record, on the ring 0..2^31-1.
func (m batchMeta) firstSeq() int32 {
	if m.lastSeq == record.NoSequence {
		return record.NoSequence
	}
	if m.lastSeq < m.delta {
		return math.MaxInt32 - (m.delta - m.lastSeq) + 1
	}
	return m.lastSeq - m.delta
}

func (m batchMeta) firstOffset() int64 { return m.lastOffset - int64(m.delta) }

// producer is the state of one producer id (ProducerStateEntry.java).
type producer struct {
	id               int64
	lastTimestamp    int64 // of its last batch, as the client or the broker stamped it
	touchedMs        int64 // the broker's time of its last append: what expiry goes by
	txnFirst         int64 // first offset of the open transaction, or noTxn
	lastMarker       int64 // offset of its last marker since the log was opened, -1 with none
	coordinatorEpoch int32
	epoch            int16
	n                int8                   // batches in use
	batches          [batchesKept]batchMeta // oldest first
}

func newProducer(id int64) *producer {
	return &producer{id: id, epoch: record.NoProducerEpoch, coordinatorEpoch: -1,
		lastTimestamp: record.NoTimestamp, txnFirst: noTxn, lastMarker: -1}
}

// last returns the newest batch; with none its sequence is NoSequence and its offset -1.
func (p *producer) last() batchMeta {
	if p.n == 0 {
		return batchMeta{lastOffset: -1, lastSeq: record.NoSequence, timestamp: record.NoTimestamp}
	}
	return p.batches[p.n-1]
}

func (p *producer) setEpoch(epoch int16) {
	if p.epoch != epoch {
		p.epoch, p.n = epoch, 0
	}
}

func (p *producer) add(m batchMeta) {
	if p.n == batchesKept {
		copy(p.batches[:], p.batches[1:])
		p.n--
	}
	p.batches[p.n] = m
	p.n++
}

// producers is the producer state of one log (ProducerStateManager.java). The log's append lock guards it.
type producers struct {
	byID map[int64]*producer
}

// find returns the producer or nil.
func (s *producers) find(id int64) *producer { return s.byID[id] }

func (s *producers) put(p *producer) {
	if s.byID == nil {
		s.byID = make(map[int64]*producer)
	}
	s.byID[p.id] = p
}

func (s *producers) clear() { s.byID = nil }

// duplicate returns the remembered batch with h's sequence range, if there is one.
func (s *producers) duplicate(h *record.Header) (batchMeta, bool) {
	p := s.find(h.ProducerID)
	if p == nil || p.epoch != h.ProducerEpoch || h.BaseSequence == record.NoSequence {
		return batchMeta{}, false
	}
	lastSeq, kept := h.LastSequence(), p.batches[:p.n]
	if mutantDedupOfFour && p.n == batchesKept {
		kept = kept[1:]
	}
	for _, m := range kept {
		if m.lastSeq == lastSeq && m.firstSeq() == h.BaseSequence {
			return m, true
		}
	}
	return batchMeta{}, false
}

// check says whether a data batch may be appended (ProducerAppendInfo.java). Batches without sequence numbers
// are the coordinators' own: only the epoch counts for them.
func (s *producers) check(h *record.Header) error {
	p := s.find(h.ProducerID)
	if p == nil {
		return nil // Kafka 4 takes an unknown producer at any sequence: its state may have expired here
	}
	if h.ProducerEpoch < p.epoch {
		return fmt.Errorf("%w: producer %d has epoch %d, the last seen is %d", ErrProducerFenced, h.ProducerID,
			h.ProducerEpoch, p.epoch)
	}
	if h.BaseSequence != record.NoSequence {
		if err := p.checkSequence(h); err != nil {
			return err
		}
	}
	if p.txnFirst != noTxn && !h.IsTransactional() {
		return fmt.Errorf("%w: expected a transactional write from producer %d", ErrInvalidTxnState, h.ProducerID)
	}
	return nil
}

func (p *producer) checkSequence(h *record.Header) error {
	if h.ProducerEpoch != p.epoch {
		if h.BaseSequence != 0 && p.epoch != record.NoProducerEpoch {
			return fmt.Errorf("%w: producer %d begins epoch %d (after %d) at sequence %d, not 0",
				ErrOutOfOrderSequence, h.ProducerID, h.ProducerEpoch, p.epoch, h.BaseSequence)
		}
		return nil
	}
	last := p.last().lastSeq
	if int64(h.BaseSequence) == int64(last)+1 || (h.BaseSequence == 0 && last == math.MaxInt32) {
		return nil
	}
	return fmt.Errorf("%w: producer %d sent sequence %d after %d", ErrOutOfOrderSequence, h.ProducerID,
		h.BaseSequence, last)
}

// checkMarker says whether a transaction marker may be appended.
func (s *producers) checkMarker(h *record.Header, m marker) error {
	p := s.find(h.ProducerID)
	if p == nil {
		return nil
	}
	if h.ProducerEpoch < p.epoch {
		return fmt.Errorf("%w: marker of producer %d has epoch %d, the last seen is %d", ErrProducerFenced,
			h.ProducerID, h.ProducerEpoch, p.epoch)
	}
	if m.coordinatorEpoch < p.coordinatorEpoch {
		return fmt.Errorf("%w: marker of producer %d has coordinator epoch %d, the last seen is %d",
			ErrCoordinatorFenced, h.ProducerID, m.coordinatorEpoch, p.coordinatorEpoch)
	}
	return nil
}

// applyData takes a data batch appended at nowMs into the state; began says that it opened a transaction.
func (s *producers) applyData(h *record.Header, nowMs int64) (began bool) {
	p := s.find(h.ProducerID)
	if p == nil {
		p = newProducer(h.ProducerID)
		s.put(p)
	}
	p.setEpoch(h.ProducerEpoch)
	p.add(batchMeta{lastOffset: h.LastOffset(), timestamp: h.MaxTimestamp, lastSeq: h.LastSequence(),
		delta: h.LastOffsetDelta})
	p.lastTimestamp, p.touchedMs = h.MaxTimestamp, nowMs
	if h.IsTransactional() && p.txnFirst == noTxn {
		p.txnFirst = h.BaseOffset
		return true
	}
	return false
}

// applyMarker takes an appended marker into the state and returns the first offset of the transaction that it
// completes, or noTxn when it had written nothing here.
func (s *producers) applyMarker(h *record.Header, m marker, nowMs int64) (txnFirst int64) {
	p := s.find(h.ProducerID)
	if p == nil {
		p = newProducer(h.ProducerID)
		s.put(p)
	}
	txnFirst = p.txnFirst
	p.setEpoch(h.ProducerEpoch)
	p.coordinatorEpoch, p.txnFirst, p.lastMarker = m.coordinatorEpoch, noTxn, h.BaseOffset
	p.lastTimestamp, p.touchedMs = m.timestamp, nowMs
	return txnFirst
}

// touchedBefore guesses when the producer wrote, knowing that it was not after atMs: at its last timestamp if
// that can be, else as late as can be.
func (p *producer) touchedBefore(atMs, expireMs int64) int64 {
	if p.lastTimestamp <= atMs && atMs-p.lastTimestamp < expireMs {
		return p.lastTimestamp
	}
	return atMs
}

// expire forgets producers that were idle for expireMs and have no transaction open. Kafka goes by the
// records' timestamps, and so forgets at once a producer that writes old events; we go by our own clock.
func (s *producers) expire(nowMs, expireMs int64) (forgotten int) {
	for id, p := range s.byID {
		if p.expired(nowMs, expireMs) {
			delete(s.byID, id)
			forgotten++
		}
	}
	return forgotten
}

func (p *producer) expired(nowMs, expireMs int64) bool {
	return p.txnFirst == noTxn && nowMs-p.touchedMs >= expireMs
}
