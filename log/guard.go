package log

import (
	"fmt"
	"math"

	"weir/record"
)

// Guard allows one batch to open a transaction in a log (KIP-890, VerificationGuard.java). It is taken before the
// coordinator is asked whether the producer has the partition in its transaction, and is void when a marker of
// that producer is written meanwhile: no batch of an ended transaction opens one that nobody will end. The zero
// Guard is for those who need not be asked.
type Guard struct{ n uint64 }

// openOnly is the guard of a producer whose transaction is open: nobody was asked, so it opens none.
var openOnly = Guard{math.MaxUint64}

// Asks tells whether the coordinator is to be asked before the guard is used.
func (g Guard) Asks() bool { return g != openOnly && g != Guard{} }

// guarded is a producer's guard that is not used yet.
type guarded struct {
	guard Guard
	epoch int16
}

// Guard gives what a producer needs to append transactional batches. One that is not used is given back with
// Unguard.
func (l *Log) Guard(producerID int64, epoch int16) Guard {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.producers.find(producerID); p != nil && p.txnFirst != noTxn && p.epoch == epoch {
		return openOnly
	}
	if g, ok := l.guards[producerID]; ok && g.epoch == epoch {
		return g.guard
	}
	if l.guards == nil {
		l.guards = make(map[int64]guarded)
	}
	l.lastGuard++
	g := guarded{Guard{l.lastGuard}, epoch}
	l.guards[producerID] = g
	return g.guard
}

// Guards tells whether a guard still stands: no marker has come since it was taken.
func (l *Log) Guards(producerID int64, g Guard) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return g == openOnly || l.guards[producerID].guard == g
}

// Unguard gives back a guard: the coordinator said no.
func (l *Log) Unguard(producerID int64, g Guard) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.guards[producerID].guard == g {
		delete(l.guards, producerID)
	}
}

// checkGuardLocked says whether a batch may go on with an open transaction, or open one.
func (l *Log) checkGuardLocked(h *record.Header, g Guard) error {
	if g == (Guard{}) || !h.IsTransactional() || h.IsControl() {
		return nil
	}
	if p := l.producers.find(h.ProducerID); p != nil && p.txnFirst != noTxn && p.epoch == h.ProducerEpoch {
		return nil
	}
	if have := l.guards[h.ProducerID]; have.guard == g && have.epoch == h.ProducerEpoch {
		return nil
	}
	return fmt.Errorf("%w: producer %d has no open transaction here, or it was ended meanwhile", ErrInvalidTxnState,
		h.ProducerID)
}
