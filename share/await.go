package share

import (
	"errors"
	"time"

	"weir/coordinator"
	"weir/partition"
)

// await waits until the partitions have r.MinBytes bytes between them from what may be delivered next, or the wait is over
// (DelayedShareFetch.isMinBytesSatisfied). What fails ends it too: who fetches then learns why.
func (s *Service) await(stop <-chan struct{}, over <-chan time.Time, r *FetchRequest) (elapsed bool) {
	for {
		changed, enough := newWaiter(), partition.NewWaiter(r.MinBytes)
		failed := false
		for _, id := range r.Partitions {
			if failed = s.watchNext(Key{r.Group, id}, r, changed, enough) != nil; failed {
				break
			}
		}
		again := false
		if !failed {
			select {
			case <-enough.Done():
			case <-changed.done:
				again = true
			case <-over:
				elapsed = true
			case <-stop:
				elapsed = true
			}
		}
		enough.Close()
		for _, id := range r.Partitions {
			s.unwatch(Key{r.Group, id}, changed)
		}
		if !again {
			return elapsed
		}
	}
}

// watchNext has one waiter count what a partition holds from what may be delivered next, and another told when that changes.
func (s *Service) watchNext(k Key, r *FetchRequest, changed *waiter, enough *partition.Waiter) error {
	p, err := s.partitions.Get(k.PartitionID)
	if err != nil {
		return err
	}
	next, err := s.next(k, changed)
	if errors.Is(err, errUninitialized) {
		if err = s.begin(p, k, &r.Settings); err == nil {
			next, err = s.next(k, changed)
		}
	}
	switch {
	case err != nil:
		return err
	case r.Settings.Committed:
		p.WatchCommitted(enough, next)
	default:
		p.Watch(enough, next)
	}
	return nil
}

// next is the first offset that may be delivered, as far as it is known; the waiter is told when there is one before it.
func (s *Service) next(k Key, w *waiter) (int64, error) {
	return decide(s, k, func(m *machine, _ *coordinator.Tx) (int64, error) {
		p, ok := m.initialized(k)
		if !ok {
			return 0, errUninitialized
		}
		p.waiters[w] = struct{}{}
		next := p.known
		p.oldestFirst(func(first int64) bool {
			next = min(next, first)
			return false
		})
		return next, nil
	}).Result()
}
