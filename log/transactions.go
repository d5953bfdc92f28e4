package log

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/google/btree"
)

// noUnstable is the first unstable offset of a log without transactions in flight.
const noUnstable = math.MaxInt64

// transaction is one producer's transaction in this partition.
type transaction struct {
	first, last int64 // last is the marker's offset, -1 while it is open
	producerID  int64
}

func byFirst(a, b transaction) bool { return a.first < b.first }

// transactions are those that are open, and those completed whose marker may lie past the high watermark:
// both hold back the last stable offset.
type transactions struct {
	// unstable is the least first offset of all below, noUnstable with none. Read without the lock; it may be
	// too low, never too high.
	unstable atomic.Int64

	mu        sync.Mutex // guards the trees; taken after the log's append lock or without it
	open      *btree.BTreeG[transaction]
	completed *btree.BTreeG[transaction]
}

func newTransactions() *transactions {
	t := &transactions{}
	t.unstable.Store(noUnstable)
	return t
}

func (t *transactions) begin(producerID, first int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open, t.completed = btree.NewG(8, byFirst), btree.NewG(8, byFirst)
	}
	t.open.ReplaceOrInsert(transaction{first: first, last: -1, producerID: producerID})
	t.publishLocked()
}

// stableAfter is the last stable offset once the transaction of producerID that ends at last is completed
// (ProducerStateManager.lastStableOffset).
func (t *transactions) stableAfter(producerID, last int64) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	stable := last + 1
	if t.open != nil {
		t.open.Ascend(func(x transaction) bool {
			if x.producerID == producerID {
				return true
			}
			stable = x.first
			return false
		})
	}
	return stable
}

// complete moves a transaction from the open ones to those that wait for the high watermark.
func (t *transactions) complete(producerID, first, last int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		return
	}
	if _, ok := t.open.Delete(transaction{first: first}); ok {
		t.completed.ReplaceOrInsert(transaction{first: first, last: last, producerID: producerID})
	}
	t.publishLocked()
}

// firstUnstable is the first offset that is not decided below the high watermark hw, or noUnstable.
func (t *transactions) firstUnstable(hw int64) int64 {
	if u := t.unstable.Load(); u >= hw {
		return u // without a lock: nothing below hw is undecided
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		x, ok := t.completed.Min()
		if !ok || x.last >= hw {
			break
		}
		t.completed.DeleteMin()
	}
	t.publishLocked()
	return t.unstable.Load()
}

// firstUndecided is the first offset of a transaction whose marker does not lie before the bound, noUnstable with none.
// Unlike firstUnstable it changes nothing.
func (t *transactions) firstUndecided(bound int64) int64 {
	if t.unstable.Load() == noUnstable {
		return noUnstable
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	first := int64(noUnstable)
	if t.open == nil {
		return first
	}
	if x, ok := t.open.Min(); ok {
		first = x.first
	}
	t.completed.Ascend(func(x transaction) bool {
		if x.last < bound {
			return true
		}
		first = min(first, x.first)
		return false
	})
	return first
}

func (t *transactions) publishLocked() {
	u := int64(noUnstable)
	if x, ok := t.open.Min(); ok && !mutantLSOIgnoresOpen {
		u = x.first
	}
	if x, ok := t.completed.Min(); ok {
		u = min(u, x.first)
	}
	t.unstable.Store(u)
}

func (t *transactions) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open, t.completed = nil, nil
	t.unstable.Store(noUnstable)
}
