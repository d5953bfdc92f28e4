package coordinator

import (
	"errors"
	"fmt"

	"weir/log"
	"weir/record"
)

// batch is what one record batch holds, and who waits for it.
type batch struct {
	records []Record
	keys    []string
	size    int // bytes, without the header
	undo    Undo
	pending *pending // set if the records are a transaction's
	events  []*Tx    // those that wrote into the batch or saw what it holds
	ticket  Ticket
}

// finish puts a decided event where it belongs: into the batch being collected, beside a batch whose effects
// it saw, or, if it wrote and saw nothing that is not durable, to its answers.
func (r *runner) finish(tx *Tx) {
	switch {
	case tx.err != nil:
		tx.undo.revert()
		r.conclude(tx, tx.err)
	case tx.pending != nil:
		if err := r.flush(tx); err != nil {
			r.conclude(tx, err)
			return
		}
		b := r.take(tx)
		b.pending, b.events = tx.pending, append(b.events, tx)
		_ = r.flush(nil) // the event is told
	case len(tx.records) > 0:
		if r.current.size+tx.size > r.config.BatchMaxBytes {
			if err := r.flush(tx); err != nil {
				r.conclude(tx, err)
				return
			}
		}
		b := r.take(tx)
		b.events = append(b.events, tx)
	default:
		if b := r.seen(tx); b != nil {
			b.events = append(b.events, tx)
			return
		}
		r.conclude(tx, nil)
	}
}

// seen gives the youngest batch that the event depends on, nil if all of that is durable.
func (r *runner) seen(tx *Tx) *batch {
	switch {
	case tx.wrote != nil:
		return tx.wrote
	case tx.key != "":
		return r.dirty[tx.key]
	case len(r.current.records) > 0:
		return r.current
	case len(r.inFlight) > 0:
		return r.inFlight[len(r.inFlight)-1]
	}
	return nil
}

// take moves an event's records into the current batch.
func (r *runner) take(tx *Tx) *batch {
	b := r.current
	b.records = append(b.records, tx.records...)
	b.keys = append(b.keys, tx.keys...)
	b.size += tx.size
	b.undo.take(&tx.undo)
	for _, k := range tx.keys {
		r.dirty[k] = b
	}
	clear(tx.records)
	clear(tx.keys)
	tx.records, tx.keys, tx.size = tx.records[:0], tx.keys[:0], 0
	return b
}

// flush writes the current batch. If the log refuses it, everything since the last batch is taken back: first
// what pending did, which was decided on top of it, then the batch.
func (r *runner) flush(pending *Tx) error {
	b := r.current
	if len(b.records) == 0 {
		return nil
	}
	r.current = &batch{}
	built := r.build(b)
	var guard log.Guard
	if b.pending != nil {
		guard = b.pending.guard
	}
	ticket, err := r.log.Append(&built, guard)
	if err == nil {
		r.refused = false
		r.tail.wrote(built.BaseOffset, built.LastOffset()+1)
		if b.pending != nil {
			r.tail.pends(b.pending.producer.ID, built.BaseOffset, len(b.records))
		}
		b.ticket, b.undo, b.records = ticket, Undo{}, nil
		r.inFlight = append(r.inFlight, b)
		if mutantAnswerBeforeDurable {
			r.concludeAll(b)
			b.events = nil
		}
		if r.waiting >= maxInFlight {
			r.receive()
		}
		r.waiting++
		r.toWait <- b // never blocks: there is room for all that are waited for
		return nil
	}
	err = fmt.Errorf("write %d records: %w", len(b.records), err)
	if !errors.Is(err, ErrNotAvailable) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrRefused) {
		err = fmt.Errorf("%w: %v", ErrNotCoordinator, err)
		r.broken = err
	}
	if !r.refused && !errors.Is(err, ErrRefused) { // once, however many batches follow
		r.refused = true
		r.logger.Warn("coordinator cannot write", "error", err)
	}
	if pending != nil {
		pending.undo.revert()
	}
	b.undo.revert()
	r.remark()
	for i := len(b.events) - 1; i >= 0; i-- {
		r.conclude(b.events[i], err)
	}
	return err
}

// build makes the record batch.
func (r *runner) build(b *batch) record.Batch {
	now := r.clock.Now().UnixMilli()
	var o record.Options
	if b.pending != nil {
		o = record.Options{Transactional: true, HasProducer: true, ProducerID: b.pending.producer.ID,
			ProducerEpoch: b.pending.producer.Epoch, BaseSequence: record.NoSequence}
	}
	builder := record.NewBuilder(o)
	for _, rec := range b.records {
		builder.Append(now, rec.Key, rec.Value)
	}
	return builder.Build()
}

// settle answers those who waited for a batch that is durable now.
func (r *runner) settle(b *batch) {
	r.inFlight = r.inFlight[1:]
	r.clean(b)
	r.concludeAll(b)
}

// concludeAll ends all events of a batch well.
func (r *runner) concludeAll(b *batch) {
	for _, tx := range b.events {
		r.conclude(tx, nil)
	}
}

// clean forgets that the batch's keys are waiting for it.
func (r *runner) clean(b *batch) {
	for _, k := range b.keys {
		if r.dirty[k] == b {
			delete(r.dirty, k)
		}
	}
}

// remark finds out anew which keys wait for which batch, after the current one has been taken back.
func (r *runner) remark() {
	clear(r.dirty)
	for _, b := range r.inFlight {
		for _, k := range b.keys {
			r.dirty[k] = b
		}
	}
}

// conclude runs what follows an event, then lets its answers leave.
func (r *runner) conclude(tx *Tx, err error) {
	for _, then := range tx.then {
		r.exec(event{key: tx.key, run: func(next *Tx) { then(next, err) }})
	}
	for _, answer := range tx.answers {
		answer(err)
	}
	r.recycle(tx)
}
