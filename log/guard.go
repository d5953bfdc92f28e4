package log

import (
	"fmt"
	"math"

	"weir/record"
)

// Guard allows one batch to open a transaction in a log, or to go on with the one that was open when it was taken
// (KIP-890, VerificationGuard.java). It is taken before the coordinator is asked whether the producer has the partition
// in its transaction, and is void when a marker of that producer is written meanwhile: no batch of an ended transaction
// opens one that nobody will end, nor gets into the next. The zero Guard is for those who need not be asked.
type Guard struct {
	n     uint64 // names it; openOnly if nobody need be asked
	taken int64  // the log's end when it was taken
}

// openOnly names the guards of producers whose transaction is open: nobody was asked, so they open none.
const openOnly = math.MaxUint64

// Asks tells whether the coordinator is to be asked before the guard is used.
func (g Guard) Asks() bool { return g.n != openOnly && g.n != 0 }

// guarded is a producer's guard that is not used yet.
type guarded struct {
	n     uint64
	epoch int16
}

// Guard gives what a producer needs to append transactional batches. One that is not used is given back with
// Unguard.
func (l *Log) Guard(producerID int64, epoch int16) Guard {
	l.mu.Lock()
	defer l.mu.Unlock()
	end := l.end.Load()
	if p := l.producers.find(producerID); p != nil && p.txnFirst != noTxn && p.epoch == epoch {
		return Guard{openOnly, end}
	}
	g, ok := l.guards[producerID]
	if ok && g.epoch == epoch {
		return Guard{g.n, end}
	}
	if ok && g.epoch > epoch { // a late one of a producer that was fenced: it must not void the guard of who came after it
		l.lastGuard++
		return Guard{l.lastGuard, end}
	}
	if l.guards == nil {
		l.guards = make(map[int64]guarded)
	}
	l.lastGuard++
	l.guards[producerID] = guarded{l.lastGuard, epoch}
	return Guard{l.lastGuard, end}
}

// Guards tells whether a guard still stands: no marker has come since it was taken.
func (l *Log) Guards(producerID int64, g Guard) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.ended(producerID, g) && (g.n == openOnly || l.guards[producerID].n == g.n)
}

// ended tells whether a marker of the producer has come since a guard was taken. The append lock is held.
func (l *Log) ended(producerID int64, g Guard) bool {
	p := l.producers.find(producerID)
	return p != nil && p.lastMarker >= g.taken
}

// Unguard gives back a guard: the coordinator said no.
func (l *Log) Unguard(producerID int64, g Guard) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.guards[producerID].n == g.n {
		delete(l.guards, producerID)
	}
}

// checkGuardLocked says whether a batch may go on with an open transaction, or open one.
func (l *Log) checkGuardLocked(h *record.Header, g Guard) error {
	if g == (Guard{}) || !h.IsTransactional() || h.IsControl() {
		return nil
	}
	open := false
	if p := l.producers.find(h.ProducerID); p != nil {
		open = p.txnFirst != noTxn && p.epoch == h.ProducerEpoch
	}
	have := l.guards[h.ProducerID]
	if !l.ended(h.ProducerID, g) && (open || have.n == g.n && have.epoch == h.ProducerEpoch) {
		return nil
	}
	return fmt.Errorf("%w: producer %d has no open transaction here, or it was ended meanwhile", ErrInvalidTxnState,
		h.ProducerID)
}
