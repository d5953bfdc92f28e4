package groups

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/coordinator"
)

// pendingOffset is an offset that counts when its producer's transaction is committed.
type pendingOffset struct {
	at pendingPlace
	offset
	// passed says that something newer was committed for the same partition meanwhile: this one will not count.
	passed bool
}

// pendingPlace names a partition of a group.
type pendingPlace struct {
	group, topic string
	partition    int32
}

// pending is the offsets of open transactions, by producer in the order in which they were committed, and how many
// there are of each partition and each group. Apply and the ends of transactions alone change it.
type pending struct {
	byProducer map[int64][]*pendingOffset
	ofPlace    map[pendingPlace][]*pendingOffset // oldest first
	ofGroup    map[string]int
}

func newPending() pending {
	return pending{make(map[int64][]*pendingOffset), make(map[pendingPlace][]*pendingOffset), make(map[string]int)}
}

func (p *pending) add(producerID int64, o *pendingOffset) {
	p.byProducer[producerID] = append(p.byProducer[producerID], o)
	p.ofPlace[o.at] = append(p.ofPlace[o.at], o)
	p.ofGroup[o.at.group]++
}

// remove takes one out again.
func (p *pending) remove(producerID int64, o *pendingOffset) {
	without := func(list []*pendingOffset) []*pendingOffset {
		return slices.DeleteFunc(list, func(other *pendingOffset) bool { return other == o })
	}
	if p.byProducer[producerID] = without(p.byProducer[producerID]); len(p.byProducer[producerID]) == 0 {
		delete(p.byProducer, producerID)
	}
	if p.ofPlace[o.at] = without(p.ofPlace[o.at]); len(p.ofPlace[o.at]) == 0 {
		delete(p.ofPlace, o.at)
	}
	if p.ofGroup[o.at.group]--; p.ofGroup[o.at.group] == 0 {
		delete(p.ofGroup, o.at.group)
	}
}

// pass notes that something was committed, or dropped, for a partition after what is pending there.
func (p *pending) pass(group, topic string, partition int32, undo *coordinator.Undo) {
	if p.ofGroup[group] == 0 {
		return
	}
	for _, o := range p.ofPlace[pendingPlace{group, topic, partition}] {
		if !o.passed {
			o.passed = true
			undo.Add(func() { o.passed = false })
		}
	}
}

// unstable tells whether an open transaction may yet change a partition's offset.
func (p *pending) unstable(group, topic string, partition int32) bool {
	return p.ofGroup[group] > 0 && len(p.ofPlace[pendingPlace{group, topic, partition}]) > 0
}

// places lists the partitions of which a group has something pending, sorted.
func (p *pending) places(group string) []place {
	if p.ofGroup[group] == 0 {
		return nil
	}
	var all []place
	for at := range p.ofPlace {
		if at.group == group {
			all = append(all, place{at.topic, at.partition})
		}
	}
	slices.SortFunc(all, func(a, b place) int {
		return cmp.Or(strings.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition))
	})
	return all
}

// ApplyPending implements coordinator.Pending: offsets are all that transactions write here.
func (m *machine) ApplyPending(r coordinator.Record, p coordinator.Producer, undo *coordinator.Undo) error {
	version, ok := keyVersion(r.Key)
	if !ok || version != keyOffset0 && version != keyOffset || r.Value == nil {
		return fmt.Errorf("apply record of a transaction: it is no offset")
	}
	var k kmsg.OffsetCommitKey
	if err := k.UnsafeReadFrom(r.Key); err != nil { // strings are copied where they are kept
		return fmt.Errorf("apply offset: %w", err)
	}
	o, err := readOffset(r.Value)
	if err != nil {
		return fmt.Errorf("apply offset of group %q: %w", k.Group, err)
	}
	o.partition = k.Partition
	m.ensure(k.Group, undo)
	noted := &pendingOffset{at: pendingPlace{strings.Clone(k.Group), strings.Clone(k.Topic), k.Partition}, offset: o}
	m.pending.add(p.ID, noted)
	undo.Add(func() { m.pending.remove(p.ID, noted) })
	return nil
}

// EndPending implements coordinator.Pending.
func (m *machine) EndPending(producerID int64, n int, commit bool) {
	for _, o := range slices.Clone(m.pending.byProducer[producerID][:n]) {
		if commit && !o.passed {
			m.ensure(o.at.group, nil).offsets.put(o.at.topic, o.offset)
			for _, other := range m.pending.ofPlace[o.at] {
				if other == o {
					break
				}
				other.passed = true
			}
		}
		m.pending.remove(producerID, o)
	}
}
