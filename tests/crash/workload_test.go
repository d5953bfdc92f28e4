package crash

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"weir/internal/clock"
	"weir/log"
	"weir/partition"
	"weir/record"
	"weir/vfs"
)

// run is one run of the scripted workload on a file system.
type run struct {
	fs       vfs.FS
	clk      *clock.Manual
	d        *log.Directory
	flusher  *partition.SyncCommitter
	parts    map[int]*partition.Partition
	truths   map[int]*truth     // of the partitions as they are now; the script's own
	seqs     map[[2]int64]int32 // next sequence by partition and producer
	msgs     int64
	txnSeq   int32
	txnFirst int64 // of the transaction that is open
	txnOpen  bool
	mode
	lenient bool // faults are injected: errors are expected, only false acknowledgements are wrong

	mu  sync.Mutex // guards all
	all []*truth   // of every partition there ever was
}

// partitions of the workload: two idempotent producers and retention; plain batches and deleted records; one
// that is created and deleted.
const (
	idempotentPart = iota
	plainPart
	doomedPart
	parts
)

func newRun(how mode) *run {
	r := &run{mode: how, clk: clock.NewManual(start), parts: map[int]*partition.Partition{}, seqs: map[[2]int64]int32{},
		truths: map[int]*truth{}}
	for n := range parts {
		r.plan(n, n)
	}
	return r
}

// plan makes a new partition with the given number the one that the script calls part.
func (r *run) plan(part, number int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.truths[part] = newTruth(number)
	r.all = append(r.all, r.truths[part])
}

func (r *run) known() []known {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []known
	for _, t := range r.all {
		all = append(all, t.now())
	}
	return all
}

// start opens the directory; the partitions that are live are opened with it.
func (r *run) start() (err error) {
	if r.d, err = openDirectory(r.fs, r.clk); err != nil {
		return err
	}
	r.flusher = partition.NewSyncCommitter(partition.SyncConfig{Workers: 2, Alone: !r.journal}, r.clk)
	for n, t := range r.truths {
		if t.now().phase == live {
			if err := r.open(n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) open(n int) error {
	t := r.truths[n]
	if t.now().phase == absent {
		t.set(opening)
	}
	l, err := r.d.Open(t.id, r.config(), 1)
	if err != nil {
		return err
	}
	if err := l.Err(); err != nil {
		return err
	}
	t.set(live)
	r.parts[n] = partition.New(l, r.flusher, 1, r.clk)
	return nil
}

// next makes the next batch of a producer (-1: none) of n records.
func (r *run) next(part int, pid int64, n int) sent {
	r.msgs++
	s := sent{pid: pid, n: n, ms: r.clk.Now().UnixMilli() + r.msgs%7}
	if pid >= 0 {
		key := [2]int64{int64(part), pid}
		s.seq = r.seqs[key]
		r.seqs[key] += int32(n)
	}
	return s
}

// pending is an append that waits for its commit.
type pending struct {
	s  sent
	tk partition.Ticket
}

// produce appends a batch without waiting.
func (r *run) produce(part int, pid int64, n int) (pending, error) {
	p, t := r.parts[part], r.truths[part]
	s := r.next(part, pid, n)
	b := s.batch()
	s.crc, s.base = b.CRC, p.Log().EndOffset()
	s.last = s.base + int64(n) - 1
	t.send(s)
	tk, err := p.Append(b, appendAny)
	if err != nil {
		if pid >= 0 { // not appended: the producer sends the same sequence again
			r.seqs[[2]int64{int64(part), pid}] -= int32(n)
		}
		return pending{}, err
	}
	if tk.BaseOffset != s.base || tk.LastOffset != s.last {
		return pending{}, fmt.Errorf("appended at %d to %d; want %d to %d", tk.BaseOffset, tk.LastOffset,
			s.base, s.last)
	}
	return pending{s, tk}, nil
}

// commit waits for what was appended and takes it for acknowledged.
func (r *run) commit(part int, all []pending) error {
	for _, p := range all {
		if err := p.tk.Wait(nil); err != nil {
			return err
		}
		r.truths[part].ack(p.s)
	}
	return nil
}

// group appends a group of batches in a row, then waits for all of them.
func (r *run) group(part int, pids []int64, batches int) error {
	var all []pending
	for i := range batches {
		p, err := r.produce(part, pids[i%len(pids)], 1+i%3)
		if err != nil {
			return errors.Join(err, r.commit(part, all))
		}
		all = append(all, p)
	}
	return r.commit(part, all)
}

// transact writes a transaction of one batch and its marker, each acknowledged before the next is sent.
func (r *run) transact(part int, kind record.ControlType) error {
	p, t := r.parts[part], r.truths[part]
	const pid = 21
	x := record.NewBuilder(record.Options{HasProducer: true, Transactional: true, ProducerID: pid,
		BaseSequence: r.txnSeq})
	x.Append(r.clk.Now().UnixMilli(), nil, []byte("in a transaction"))
	data := x.Build()
	if r.txnOpen { // its marker was refused by a fault: it is still to be written
		data = record.Batch{}
	}
	marker := record.ControlBatch(kind, pid, 0, 1, r.clk.Now().UnixMilli())
	for _, b := range []record.Batch{data, marker} {
		if b.Raw == nil {
			continue
		}
		s := sent{base: p.Log().EndOffset(), last: p.Log().EndOffset(), crc: b.CRC, pid: -1}
		t.send(s)
		if !b.IsControl() {
			r.txnFirst = s.base
		} else if kind == record.ControlAbort {
			t.abort(s.base, log.AbortedTxn{ProducerID: pid, FirstOffset: r.txnFirst})
		}
		tk, err := p.Append(&b, appendAny)
		if err != nil {
			return err
		}
		if r.txnOpen = !b.IsControl(); r.txnOpen {
			r.txnSeq++
		}
		if err := tk.Wait(nil); err != nil {
			return err
		}
		t.ack(s)
	}
	return nil
}

func (r *run) deleteRecords(back int64) error {
	p, t := r.parts[plainPart], r.truths[plainPart]
	to := max(p.StartOffset(), p.HighWatermark()-back)
	t.asked(to)
	low, err := p.DeleteRecords(to)
	if err == nil {
		t.moved(low)
	}
	return err
}

func (r *run) retain() error {
	p, t := r.parts[idempotentPart], r.truths[idempotentPart]
	t.asked(p.HighWatermark())
	_, err := p.Retain()
	if err == nil {
		t.moved(p.StartOffset())
		t.mu.Lock()
		t.maxStart = t.minStart
		t.mu.Unlock()
	}
	return err
}

func (r *run) deletePartition(n int) error {
	r.truths[n].set(deleting)
	r.parts[n].Resign()
	if err := r.d.Delete(r.truths[n].id); err != nil {
		return err
	}
	r.truths[n].set(deleted)
	delete(r.parts, n)
	return nil
}

// stop ends the life of the directory: clean, or as a crash does.
func (r *run) stop(ctx context.Context) error {
	r.flusher.Close()
	return r.d.Close(ctx)
}

// script is the workload. Steps return errors, which a run without faults does not have.
func (r *run) script(rounds int) error {
	step := func(err error) error {
		if r.lenient {
			return nil
		}
		return err
	}
	var errs []error
	do := func(f func() error) {
		if len(errs) == 0 {
			if err := step(f()); err != nil {
				errs = append(errs, err)
			}
		}
	}
	for _, n := range []int{idempotentPart, plainPart} {
		if r.parts[n] == nil {
			do(func() error { return r.open(n) })
		}
	}
	for round := range rounds {
		if r.parts[idempotentPart] == nil || r.parts[plainPart] == nil {
			break // a fault kept them from opening
		}
		do(func() error { return r.group(idempotentPart, []int64{11, 12}, 6) })
		do(func() error { return r.transact(idempotentPart, record.ControlType(round%2)) })
		do(func() error { return r.group(plainPart, []int64{-1}, 3) })
		do(func() error { // acknowledged by nobody: may survive or not
			_, err := r.produce(plainPart, -1, 2)
			return err
		})
		r.clk.Advance(5 * time.Second)
		switch round % 6 {
		case 1:
			if r.parts[doomedPart] == nil {
				do(func() error { return r.open(doomedPart) })
			}
			if r.parts[doomedPart] != nil {
				do(func() error { return r.group(doomedPart, []int64{31}, 5) })
			}
		case 2:
			do(func() error { return r.deleteRecords(9) })
		case 3:
			do(r.d.Checkpoint)
		case 4:
			if r.parts[doomedPart] != nil {
				do(func() error { return r.deletePartition(doomedPart) })
			}
			do(func() error { r.clk.Advance(30 * time.Second); return r.retain() })
		case 5:
			do(func() error { return r.group(idempotentPart, []int64{11}, 9) })
			do(r.parts[idempotentPart].Log().Roll)
		}
		if r.compress {
			do(func() error { return r.changeForms(round) })
		}
		if r.truths[doomedPart].now().phase == deleted {
			r.plan(doomedPart, len(r.all)) // the next one is another partition
			delete(r.seqs, [2]int64{doomedPart, 31})
		}
	}
	return errors.Join(errs...)
}
