package coordinator

// Record is one key and value of a shard's partition. A nil Value is a tombstone.
type Record struct {
	Key, Value []byte
}

// recordOverhead bounds what a record takes in a batch besides its key and value: seven varints and the
// attributes.
const recordOverhead = 36

func (r Record) size() int { return len(r.Key) + len(r.Value) + recordOverhead }

// Machine is the state of one shard. The runtime calls it from the shard's goroutine only, so it needs no
// locks.
//
// What records describe changes in Apply alone. What only lives in memory, such as who waits for an answer,
// changes in events; it is lost when the shard moves, and the protocol must be able to do without it.
type Machine interface {
	// Apply changes the state as one record says. It must not keep r's bytes. When a shard runs, undo takes
	// back exactly this change, should the record not get into the log; while loading undo is nil. An error
	// is a record that cannot be understood: loading ends with it.
	Apply(r Record, undo *Undo) error
	// Loaded is the first event after loading: time to start timers.
	Loaded(tx *Tx)
	// Unloaded is called once at the end: answers that the machine holds back must be completed with err.
	Unloaded(err error)
}

// Producer is who wrote the records of a transaction.
type Producer struct {
	ID    int64
	Epoch int16
}

// Pending is what a machine must be, besides, whose partition holds records of transactions. They count when the
// marker of a commit is met in the partition, written there by whoever coordinates the transaction.
type Pending interface {
	// ApplyPending notes a record of a producer's open transaction; otherwise it is as Apply.
	ApplyPending(r Record, p Producer, undo *Undo) error
	// EndPending makes the first n records that are noted for a producer count, or forgets them: those that lie before
	// the marker. It is durable: there is no way back.
	EndPending(producerID int64, n int, commit bool)
}

// Undo collects how to take back what Apply did. A nil Undo collects nothing.
type Undo struct{ steps []func() }

// Add adds a step; steps are run in reverse order.
func (u *Undo) Add(step func()) {
	if u != nil {
		u.steps = append(u.steps, step)
	}
}

func (u *Undo) revert() {
	for i := len(u.steps) - 1; i >= 0; i-- {
		u.steps[i]()
	}
	u.steps = nil
}

func (u *Undo) take(from *Undo) {
	u.steps = append(u.steps, from.steps...)
	from.steps = nil
}
