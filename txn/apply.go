package txn

import (
	"log/slog"
	"sync/atomic"

	"weir/coordinator"
)

// leadership is the shard and the epoch in which it is led.
type leadership struct{ shard, epoch int32 }

// machine is the state of one shard.
type machine struct {
	config  *Config
	version *atomic.Int32 // of the protocol that the cluster has agreed on; it changes under living transactions
	leadership
	markers markers
	logger  *slog.Logger

	ids    map[string]*transaction // what the records describe
	live   map[string]*live        // what else is known of some of them
	expiry *coordinator.Timer
}

// live is what is in memory only: it is lost when the shard moves, and nothing needs it then.
type live struct {
	timeout *coordinator.Timer // fires when the open transaction has run for too long
	parked  []*parked          // requests that wait for the end of a transaction
	client  *Client            // who spoke last for the producer; nil if it is not known
	heard   *heard             // nil for a producer of the second generation, whose epochs tell more
}

// markers writes the markers of a transaction whose end is durable, and tells the machine when all are, with an
// event that calls completed.
type markers interface {
	write(e Ending)
}

// Ending is a transaction whose end is decided and durable, and whose markers are to be written.
type Ending struct {
	Shard            int32
	CoordinatorEpoch int32 // of the shard's leadership that decided it
	ID               string
	ProducerID       int64
	Epoch            int16
	Commit           bool
	Partitions       []Partition
}

func newMachine(c *Config, version *atomic.Int32, l leadership, w markers, lg *slog.Logger) *machine {
	m := &machine{config: c, version: version, leadership: l, markers: w, logger: lg,
		ids: make(map[string]*transaction), live: make(map[string]*live)}
	m.expiry = coordinator.NewTimer("", m.expire)
	return m
}

// Apply implements coordinator.Machine.
func (m *machine) Apply(r coordinator.Record, undo *coordinator.Undo) error {
	id, known, err := parseKey(r.Key)
	if err != nil || !known {
		return err
	}
	old := m.ids[id]
	if r.Value == nil {
		delete(m.ids, id)
	} else {
		t, err := parseValue(id, r.Value)
		if err != nil {
			return err
		}
		m.ids[id] = t
	}
	undo.Add(func() {
		if old == nil {
			delete(m.ids, id)
			return
		}
		m.ids[id] = old
	})
	return nil
}

// Loaded implements coordinator.Machine: open transactions run on, prepared ends are carried out.
func (m *machine) Loaded(tx *coordinator.Tx) {
	tx.Schedule(m.expiry, tx.Now.Add(m.config.ExpiryInterval))
	for _, t := range m.ids {
		switch {
		case t.state == Ongoing:
			m.watch(tx, t)
		case t.state.ending():
			m.markers.write(m.endingOf(t))
		}
	}
}

// Unloaded implements coordinator.Machine.
func (m *machine) Unloaded(err error) {
	for _, l := range m.live {
		for _, p := range l.parked {
			p.fail(err)
		}
	}
	m.live = nil
}

func (m *machine) endingOf(t *transaction) Ending {
	return Ending{Shard: m.shard, CoordinatorEpoch: m.epoch, ID: t.id, ProducerID: t.producerID, Epoch: t.epoch,
		Commit: t.state == PrepareCommit, Partitions: t.partitions}
}

// liveOf gives what is in memory of an id.
func (m *machine) liveOf(id string) *live {
	l := m.live[id]
	if l == nil {
		l = &live{}
		l.timeout = coordinator.NewTimer(id, func(tx *coordinator.Tx) { m.timedOut(tx, id) })
		m.live[id] = l
	}
	return l
}

// agreed is the protocol that the cluster has agreed on.
func (m *machine) agreed() int16 { return int16(m.version.Load()) }

// store writes what an id has become.
func (m *machine) store(tx *coordinator.Tx, t *transaction) {
	t.updatedMs = tx.Now.UnixMilli()
	tx.Append(t.id, transactionRecord(t, m.agreed()))
}
