package txn

import (
	"maps"
	"slices"

	"weir/coordinator"
)

// Description is what is known of a transactional id.
type Description struct {
	ID         string
	Producer   Producer
	State      State
	TimeoutMs  int32
	StartMs    int64 // -1 with no transaction yet
	Partitions []Partition
	Client     *Client // nil when it has not spoken since the shard was loaded
}

// Client is who spoke for a producer last, for people who look for the owner of a transaction.
type Client struct{ ID, Host string }

// seen notes who speaks for an id's producer.
func (m *machine) seen(id string, c *Client) {
	if c != nil {
		m.liveOf(id).client = c
	}
}

func (m *machine) describeOne(t *transaction) Description {
	d := t.describe()
	if l := m.live[t.id]; l != nil {
		d.Client = l.client
	}
	return d
}

func (t *transaction) describe() Description {
	return Description{ID: t.id, Producer: Producer{ID: t.producerID, Epoch: t.epoch}, State: t.state, TimeoutMs: t.timeoutMs,
		StartMs: t.startMs, Partitions: t.partitions}
}

// describe tells what is known of an id.
func (m *machine) describe(_ *coordinator.Tx, id string) (Description, error) {
	t := m.ids[id]
	if t == nil {
		return Description{ID: id}, ErrNotFound
	}
	return m.describeOne(t), nil
}

// Filter narrows a list of transactional ids; its zero value, with LongerThanMs -1, takes all.
type Filter struct {
	States       []string // by Kafka's names; none: all
	ProducerIDs  []int64  // none: all
	LongerThanMs int64    // how long ago the transaction began, more than that; -1: all
	// Matches says whether an id is wanted; nil: all.
	Matches func(id string) bool
}

func (f *Filter) takes(t *transaction, nowMs int64) bool {
	return (len(f.States) == 0 || slices.Contains(f.States, t.state.String())) &&
		(len(f.ProducerIDs) == 0 || slices.Contains(f.ProducerIDs, t.producerID)) &&
		(f.LongerThanMs < 0 || nowMs-t.startMs > f.LongerThanMs) &&
		(f.Matches == nil || f.Matches(t.id))
}

// list gives the ids of the shard that the filter takes, sorted.
func (m *machine) list(tx *coordinator.Tx, f *Filter) []Description {
	var out []Description
	for _, id := range slices.Sorted(maps.Keys(m.ids)) {
		if t := m.ids[id]; f.takes(t, tx.Now.UnixMilli()) {
			out = append(out, m.describeOne(t))
		}
	}
	return out
}
