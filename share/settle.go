package share

import (
	"cmp"
	"slices"
	"sort"

	"weir/coordinator"
	"weir/partition"
)

// change is what becomes of neighbouring records.
type change struct {
	batch
	dueMs int64 // for Available: not before
	cause Cause // for Archiving
}

// AckType is what a member says of a record (KIP-932, KIP-1222).
type AckType int8

// The types.
const (
	Gap     AckType = 0 // there is no record
	Accept  AckType = 1
	Release AckType = 2
	Reject  AckType = 3
	Renew   AckType = 4
)

// AckBatch is what a member says of neighbouring offsets: one type for all, or one for each.
type AckBatch struct {
	First, Last int64
	Types       []AckType
	// DelayMs is how long released records wait, instead of the group's backoff; negative for the group's.
	DelayMs int64
}

// AcknowledgeRequest is what a member says of records of a share partition. Either all of it is done or nothing.
type AcknowledgeRequest struct {
	Key      Key
	Member   string
	Settings Settings
	Batches  []AckBatch
}

// ackLimit bounds the offsets of one batch: no client holds more.
const ackLimit = 1 << 20

// acknowledge settles, releases or renews what the member holds.
func (m *machine) acknowledge(tx *coordinator.Tx, r *AcknowledgeRequest) error {
	p, ok := m.initialized(r.Key)
	if !ok {
		return partition.ErrUnknown
	}
	p.settings = r.Settings
	nowMs := tx.Now.UnixMilli()
	var changes []change
	var renewed []batch
	next := int64(0)
	for _, b := range r.Batches {
		if b.Last < b.First || b.Last-b.First >= ackLimit || len(b.Types) != 1 && int64(len(b.Types)) != b.Last-b.First+1 {
			return ErrInvalidRequest
		}
		if b.Last < p.start {
			continue
		}
		if b.Last >= p.taken && p.taken > p.start {
			return ErrInvalidRequest // there are records in flight, and these are behind them all
		}
		if max(b.First, p.start) < next { // what is settled by one batch the next cannot settle again
			return ErrInvalidRecordState
		}
		next = b.Last + 1
		for from, n := 0, 0; from < len(b.Types); from += n {
			first, last := b.First, b.Last
			if n = len(b.Types); n > 1 {
				n = alikeTypes(b.Types[from:])
				first, last = b.First+int64(from), b.First+int64(from+n)-1
			}
			if last < p.start {
				continue
			}
			held, err := p.held(max(first, p.start), last, r.Member)
			if err != nil {
				return err
			}
			if b.Types[from] == Renew {
				renewed = append(renewed, held...)
				continue
			}
			for _, h := range held {
				changes = append(changes, p.outcome(h, b.Types[from], b.DelayMs, nowMs))
			}
		}
	}
	if len(renewed) > 0 && !r.Settings.Renew {
		return ErrInvalidRequest
	}
	for _, h := range renewed {
		p.change(h.first, h.last, func(r *run) {
			r.detail = r.with(func(d *detail) { d.until = nowMs + p.settings.LockDuration.Milliseconds() })
		})
	}
	m.write(tx, p, changes)
	m.arm(tx, p)
	if p.readied {
		p.wake()
	}
	return nil
}

func alikeTypes(types []AckType) int {
	n := 1
	for n < len(types) && types[n] == types[0] {
		n++
	}
	return n
}

// held are the runs between two offsets, cut to fit, all of which the member must hold.
func (p *part) held(first, last int64, member string) ([]batch, error) {
	var found []batch
	for _, r := range p.overlapping(first, last) {
		if r.state != StateAcquired || r.detail.member != member {
			return nil, ErrInvalidRecordState
		}
		found = append(found, batch{max(r.first, first), min(r.last, last), r.state, r.count})
	}
	if len(found) == 0 {
		return nil, ErrInvalidRecordState
	}
	return found, nil
}

// outcome is what becomes of records that were held.
func (p *part) outcome(h batch, t AckType, delayMs, nowMs int64) change {
	c := change{batch: h}
	switch t {
	case Accept:
		c.state = StateAcknowledged
	case Reject:
		return p.giveUp(c, Rejected)
	case Release:
		return p.release(c, delayMs, nowMs)
	default:
		c.state = StateArchived
	}
	return c
}

// release makes records available again, unless they were delivered as often as the group allows.
func (p *part) release(c change, delayMs, nowMs int64) change {
	if c.count >= p.settings.DeliveryLimit {
		return p.giveUp(c, Exhausted)
	}
	c.state = StateAvailable
	if delayMs < 0 {
		delayMs = p.settings.Backoff.after(c.count).Milliseconds()
	}
	if delayMs > 0 {
		c.dueMs = nowMs + delayMs
	}
	return c
}

// giveUp archives records, once their dead letters are written if the group has those.
func (p *part) giveUp(c change, cause Cause) change {
	c.state, c.cause = StateArchived, cause
	if p.settings.DeadLetters != "" {
		c.state = StateArchiving
	}
	return c
}

// letGo makes available again what a member holds. It counts as a delivery, as in Kafka when a share session ends.
func (m *machine) letGo(tx *coordinator.Tx, k Key, member string) {
	p, ok := m.initialized(k)
	if !ok {
		return
	}
	var changes []change
	nowMs := tx.Now.UnixMilli()
	p.locks.Ascend(func(l moment) bool {
		if r, _ := p.at(l.first); r.detail.member == member {
			changes = append(changes, p.release(change{batch: batch{r.first, r.last, r.state, r.count}}, 0, nowMs))
		}
		return true
	})
	m.write(tx, p, changes)
	m.arm(tx, p)
	if p.readied {
		p.wake()
	}
}

// putBack makes available again what a member holds of some records, as if it had never been taken: it was not delivered. There is
// nothing to write, for that records are held is never written.
func (m *machine) putBack(tx *coordinator.Tx, k Key, member string, back []Acquired) {
	p, ok := m.initialized(k)
	if !ok {
		return
	}
	for _, a := range back {
		p.change(max(a.First, p.start), a.Last, func(r *run) {
			if r.state == StateAcquired && r.detail.member == member {
				r.state, r.count = StateAvailable, r.count-1
				r.detail = r.with(func(d *detail) { d.member, d.until = "", 0 })
			}
		})
	}
	m.arm(tx, p)
	if p.readied {
		p.wake()
	}
}

// expireMax bounds the locks that end in one event, so that what it writes fits into one record; the rest is due at once.
const expireMax = 1000

// expireLocks releases what was held for too long.
func (m *machine) expireLocks(tx *coordinator.Tx, p *part, nowMs int64) {
	var changes []change
	p.locks.Ascend(func(l moment) bool {
		if l.at > nowMs || len(changes) == expireMax {
			return false
		}
		r, _ := p.at(l.first)
		changes = append(changes, p.release(change{batch: batch{r.first, r.last, r.state, r.count}}, -1, nowMs))
		return true
	})
	m.write(tx, p, changes)
}

// write names the records of changes. None of them may overlap.
func (m *machine) write(tx *coordinator.Tx, p *part, changes []change) {
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.first, b.first) })
	start := p.startAfter(changes)
	if len(changes) == 0 && start == p.writtenStart && p.start == p.writtenStart {
		return
	}
	v := &stored{snapshotEpoch: p.snapshotEpoch, leaderEpoch: m.epoch, start: noChange, complete: p.completeAfter(changes, start)}
	if start != p.writtenStart {
		v.start = start
	}
	var burials []burial
	l := letter{topic: p.settings.DeadLetters, whole: p.settings.CopyRecord, from: -1}
	for _, c := range changes {
		b := c.batch
		if c.state == StateArchiving {
			if l.from < 0 {
				l.from = m.letters.end(l.topic, p.key.Index)
			}
			burials = append(burials, burial{key: p.key, first: c.first, last: c.last, count: c.count, cause: c.cause, letter: l})
			if b.state = StateAvailable; mutantLetterAfterArchive {
				b.state = StateArchived
			} else {
				v.dying = append(v.dying, dyingBatch{c.first, c.last, c.cause, l})
			}
		}
		if c.dueMs > 0 {
			v.due = append(v.due, dueBatch{c.first, c.last, c.dueMs})
		}
		v.batches = append(v.batches, b)
	}
	if mutantSettleInMemory && len(burials) == 0 {
		p.takeUpdate(v)
		return
	}
	tx.Append(p.name, v.update(p.key))
	m.holdBack(tx, p, changes)
	if p.updates >= m.config.SnapshotUpdates && p.runs.Len()*(batchBytes+dueBytes) < m.partBytes() {
		m.snapshot(tx, p)
	}
	if len(burials) > 0 {
		tx.Then(func(_ *coordinator.Tx, err error) {
			if err == nil {
				m.letters.bury(burials)
			}
		})
	}
}

// holdBack keeps what was released from being taken until that is durable. So a request that releases records and fetches goes on to
// others, as in Kafka.
func (m *machine) holdBack(tx *coordinator.Tx, p *part, changes []change) {
	stateEpoch := p.stateEpoch
	var held []batch
	for _, c := range changes {
		if c.state == StateAvailable && c.dueMs == 0 {
			held = append(held, c.batch)
			p.change(c.first, c.last, func(r *run) {
				if r.state == StateAvailable && r.detail != nil {
					r.detail = r.with(func(d *detail) { d.writing = true })
				}
			})
		}
	}
	if len(held) == 0 {
		return
	}
	tx.Then(func(_ *coordinator.Tx, err error) {
		if err != nil || m.parts[p.key] != p || p.stateEpoch != stateEpoch {
			return
		}
		for _, b := range held {
			p.change(b.first, b.last, func(r *run) {
				if r.detail != nil && r.detail.writing {
					r.detail = r.with(func(d *detail) { d.writing = false })
				}
			})
		}
		if p.readied {
			p.wake()
		}
	})
}

// startAfter is where the start will be once changes are made.
func (p *part) startAfter(changes []change) int64 {
	at := p.start
	for {
		if r, ok := p.at(at); ok && r.state.settled() {
			at = r.last + 1
			continue
		}
		i := sort.Search(len(changes), func(i int) bool { return changes[i].last >= at })
		if i == len(changes) || changes[i].first > at || !changes[i].state.settled() {
			return at
		}
		at = changes[i].last + 1
	}
}

// completeAfter is how many records from the start on will be settled once changes are made.
func (p *part) completeAfter(changes []change, start int64) int32 {
	n := p.settled - int(start-p.start)
	for _, c := range changes {
		if c.state.settled() {
			n += int(c.last - c.first + 1)
		}
	}
	return int32(max(n, 0))
}
