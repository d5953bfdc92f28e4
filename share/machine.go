package share

import (
	"fmt"
	"strconv"
	"time"

	"weir/coordinator"
	"weir/metadata"
)

// Key names a share partition.
type Key struct {
	Group string
	metadata.PartitionID
}

// String is Kafka's SharePartitionKey, by which its shard is found.
func (k Key) String() string {
	return k.Group + ":" + k.Topic.String() + ":" + strconv.Itoa(int(k.Index))
}

// machine is the state of one shard.
type machine struct {
	config  *Config
	epoch   int32 // of the shard's leadership
	letters letters
	log     stateLog
	parts   map[Key]*part
	pruner  *coordinator.Timer
	pruned  int64 // what was written before is not needed
}

// part is one share partition.
type part struct {
	key  Key
	name string // key.String()
	window
	stateEpoch, snapshotEpoch int32
	createdMs                 int64
	updates                   int     // since the last snapshot
	writtenStart              int64   // the start that the records tell
	half                      *stored // a snapshot of which more is to come

	// In memory only.
	settings Settings // of the last request
	timer    *coordinator.Timer
	waiters  map[*waiter]struct{}
	turns    int // how often records were taken, for the guard against starvation
}

func newMachine(c *Config, epoch int32, log stateLog, l letters) *machine {
	m := &machine{config: c, epoch: epoch, log: log, letters: l, parts: make(map[Key]*part)}
	m.pruner = coordinator.NewTimer("", m.prune)
	return m
}

// Loaded implements coordinator.Machine. Dead letters that were decided are written.
func (m *machine) Loaded(tx *coordinator.Tx) {
	tx.Schedule(m.pruner, tx.Now.Add(m.config.PruneInterval))
	for _, p := range m.parts {
		p.regroup()
		if all := p.burials(); len(all) > 0 {
			m.letters.bury(all)
		}
	}
}

// Unloaded implements coordinator.Machine: whoever waits looks again, and learns it.
func (m *machine) Unloaded(error) {
	for _, p := range m.parts {
		p.wake()
	}
}

// part finds a share partition, or makes an empty one that nobody has fetched from.
func (m *machine) part(k Key) *part {
	p := m.parts[k]
	if p == nil {
		p = &part{key: k, name: k.String(), window: newWindow(), waiters: make(map[*waiter]struct{})}
		p.timer = coordinator.NewTimer(p.name, func(tx *coordinator.Tx) { m.tick(tx, p) })
		m.parts[k] = p
	}
	return p
}

// initialized is the share partition if it has a start.
func (m *machine) initialized(k Key) (*part, bool) {
	p := m.parts[k]
	return p, p != nil && p.start >= 0
}

// Apply implements coordinator.Machine.
func (m *machine) Apply(r coordinator.Record, undo *coordinator.Undo) error {
	k, version, known, err := parseKey(r.Key)
	if err != nil || !known {
		return err
	}
	if r.Value == nil {
		if old := m.parts[k]; old != nil {
			delete(m.parts, k)
			undo.Add(func() { m.parts[k] = old })
		}
		return nil
	}
	v, err := parseValue(version, r.Value)
	if err != nil {
		return fmt.Errorf("share partition %s: %w", k, err)
	}
	p := m.part(k)
	if version == keyUpdate && v.part == whole {
		p.half = nil // what was begun was never finished
		if p.start >= 0 {
			p.undoWith(undo, v)
			p.takeUpdate(v)
		} // else it was deleted
		return nil
	}
	if version == keySnapshot {
		p.half = v
	} else if p.half != nil {
		p.half.batches = append(p.half.batches, v.batches...)
		p.half.due = append(p.half.due, v.due...)
		p.half.dying = append(p.half.dying, v.dying...)
	}
	if v.part == partial || p.half == nil {
		return nil
	}
	v, p.half = p.half, nil
	if undo == nil {
		p.takeSnapshot(v)
		return nil
	}
	// A shard that runs writes what it has; only the numbers are new, and what a new start drops.
	was := *p
	undo.Add(func() { p.stateEpoch, p.snapshotEpoch, p.updates = was.stateEpoch, was.snapshotEpoch, was.updates })
	if v.start != p.start || v.stateEpoch != p.stateEpoch {
		undo.Add(func() { p.window = was.window })
		p.clear(v.start)
	}
	p.stateEpoch, p.snapshotEpoch, p.createdMs, p.updates = v.stateEpoch, v.snapshotEpoch, v.createdMs, 0
	p.writtenStart = v.start
	return nil
}

func (p *part) takeSnapshot(v *stored) {
	p.clear(v.start)
	p.stateEpoch, p.snapshotEpoch, p.createdMs, p.updates = v.stateEpoch, v.snapshotEpoch, v.createdMs, 0
	p.takeChanges(v)
}

// takeUpdate makes the change that an update tells.
func (p *part) takeUpdate(v *stored) {
	p.updates++
	if v.start != noChange {
		p.cut(v.start)
	}
	p.takeChanges(v)
}

func (p *part) takeChanges(v *stored) {
	if v.start != noChange {
		p.writtenStart = v.start
	}
	for _, b := range v.batches {
		p.taken = max(p.taken, b.last+1)
		if newest, ok := p.runs.Max(); !ok && b.first >= p.start || ok && b.first > newest.last+1 {
			p.insert(run{first: b.first, last: b.last, state: b.state, count: b.count}) // a snapshot has many such
		} else if b.last >= p.start {
			p.put(max(b.first, p.start), b.last, b.state, b.count)
		}
	}
	for _, d := range v.due {
		p.change(max(d.first, p.start), d.last, func(r *run) {
			r.detail = r.with(func(to *detail) { to.due = d.dueMs })
		})
	}
	for _, d := range v.dying {
		p.change(max(d.first, p.start), d.last, func(r *run) {
			r.state = StateArchiving
			r.detail = r.with(func(to *detail) { to.cause, to.letter = d.cause, &d.letter })
		})
	}
	p.advance()
}

// tick is the share partition's timer: locks end, delays end.
func (m *machine) tick(tx *coordinator.Tx, p *part) {
	if m.parts[p.key] != p {
		return
	}
	nowMs := tx.Now.UnixMilli()
	p.ripen(nowMs)
	m.expireLocks(tx, p, nowMs)
	m.arm(tx, p)
	if p.readied {
		p.wake()
	}
}

// arm sets the timer to what comes next.
func (m *machine) arm(tx *coordinator.Tx, p *part) {
	at := int64(-1)
	if first, ok := p.locks.Min(); ok && !mutantForgetLocks {
		at = first.at
	}
	if first, ok := p.waiting.Min(); ok && (at < 0 || first.at < at) {
		at = first.at
	}
	switch was, armed := p.timer.Armed(); {
	case at < 0 && armed:
		tx.Cancel(p.timer)
	case at >= 0 && (!armed || was.UnixMilli() != at):
		tx.Schedule(p.timer, time.UnixMilli(at))
	}
}

// ripen makes available what has waited long enough.
func (p *part) ripen(nowMs int64) {
	for {
		first, ok := p.waiting.Min()
		if !ok || first.at > nowMs {
			return
		}
		r, _ := p.at(first.first)
		p.remove(r)
		if r.first < p.known {
			r.detail = r.with(func(d *detail) { d.due = 0 })
		} else {
			r.detail = nil // a start knows only that it was to wait
		}
		p.insert(r)
	}
}
