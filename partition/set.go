package partition

import (
	"fmt"
	"sync"

	"weir/metadata"
)

// Set finds partitions by id, without a lock.
type Set struct {
	m sync.Map // metadata.PartitionID to *Partition
}

// NewSet makes an empty set.
func NewSet() *Set { return &Set{} }

// Get returns the partition; ErrUnknown when it is not there.
func (s *Set) Get(id metadata.PartitionID) (*Partition, error) {
	if p, ok := s.m.Load(id); ok {
		return p.(*Partition), nil
	}
	return nil, fmt.Errorf("%s: %w", id, ErrUnknown)
}

// Put adds a partition, or replaces the one of the same id.
func (s *Set) Put(p *Partition) { s.m.Store(p.ID(), p) }

// Remove takes a partition out and returns it, nil when it was not there.
func (s *Set) Remove(id metadata.PartitionID) *Partition {
	if p, ok := s.m.LoadAndDelete(id); ok {
		return p.(*Partition)
	}
	return nil
}

// All returns the partitions, in no order.
func (s *Set) All() []*Partition {
	var all []*Partition
	s.m.Range(func(_, p any) bool {
		all = append(all, p.(*Partition))
		return true
	})
	return all
}
