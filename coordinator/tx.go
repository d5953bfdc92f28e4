package coordinator

import (
	"fmt"
	"time"

	"weir/internal/invariant"
	"weir/log"
)

// Tx is one event being decided: it collects the records, what follows them, and the answers. It must not be
// used after the function it was given to has returned.
type Tx struct {
	// Now is the time of the event.
	Now time.Time

	runner  *runner
	key     string
	records []Record
	keys    []string // one for each record
	size    int
	undo    Undo
	then    []func(tx *Tx, err error)
	answers []func(err error)
	split   bool
	pending *pending // set if the records are a transaction's
	wrote   *batch   // the batch that took the last part of a split event
	err     error    // why the records cannot be written
}

// Append names a record to be written, and applies it at once. Key is the part of the state that the record
// changes, such as a group's id: later events with that key are answered only when the record is durable.
//
// All records of an event stand in one batch, unless Split was called first.
func (tx *Tx) Append(key string, r Record) {
	if tx.err != nil {
		return
	}
	size := r.size()
	if tx.split && tx.runner.current.size+tx.size+size > tx.runner.config.BatchMaxBytes {
		tx.wrote = tx.runner.take(tx)
		if err := tx.runner.flush(nil); err != nil {
			tx.err = err
			return
		}
	}
	tx.add(key, r, func() error { return tx.runner.machine.Apply(r, &tx.undo) })
}

// add takes one record, if it fits.
func (tx *Tx) add(key string, r Record, apply func() error) {
	size := r.size()
	if tx.size+size > tx.runner.config.BatchMaxBytes {
		tx.err = fmt.Errorf("append %d bytes in one event: %w", tx.size+size, ErrTooLarge)
		return
	}
	tx.records = append(tx.records, r)
	tx.keys = append(tx.keys, key)
	tx.size += size
	if err := apply(); err != nil {
		invariant.Failf("own record cannot be applied: %v", err)
	}
}

// AppendPending is Append for a record of a producer's transaction. An event has such records, or others; those
// are written as one batch of their own, for which guard must be good.
func (tx *Tx) AppendPending(key string, r Record, p Producer, guard log.Guard) {
	if tx.err != nil {
		return
	}
	tx.pending = &pending{p, guard}
	tx.add(key, r, func() error { return tx.runner.applyPending(r, p, &tx.undo) })
}

// Split lets the event's records go into several batches, some of which may be written and others not. Call
// it before the first Append.
func (tx *Tx) Split() { tx.split = true }

// Then runs fn as an event of its own when the records are durable, or when they could not be written. It
// runs before the event's answers leave.
func (tx *Tx) Then(fn func(tx *Tx, err error)) { tx.then = append(tx.then, fn) }

// Answer completes f when everything that the event saw or wrote is durable; with an error, if that fails.
func Answer[T any](tx *Tx, f *Future[T], value T, err error) {
	tx.answers = append(tx.answers, func(failed error) {
		if failed != nil {
			var zero T
			f.Complete(zero, failed)
			return
		}
		f.Complete(value, err)
	})
}

// Schedule arms t to fire at the given time, as an event; a pending t is moved.
func (tx *Tx) Schedule(t *Timer, at time.Time) { tx.runner.timers.schedule(t, at) }

// Cancel disarms t. It may be disarmed already.
func (tx *Tx) Cancel(t *Timer) { tx.runner.timers.cancel(t) }

// clear makes the event as good as new, but for the room that it has for records.
func (tx *Tx) clear() {
	clear(tx.records)
	clear(tx.keys)
	clear(tx.then)
	clear(tx.answers)
	*tx = Tx{runner: tx.runner, records: tx.records[:0], keys: tx.keys[:0], then: tx.then[:0], answers: tx.answers[:0]}
	if cap(tx.records) > txRoom {
		tx.records, tx.keys = nil, nil
	}
}

// txRoom is for how many records an event keeps room.
const txRoom = 16
