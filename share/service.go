package share

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"weir/coordinator"
	"weir/internal/clock"
	"weir/metadata"
	"weir/partition"
)

// Service keeps the share partitions whose shards this process leads. Its methods may be called from any goroutine; only Fetch
// waits.
type Service struct {
	config     Config
	runtime    *coordinator.Runtime[*machine]
	partitions *partition.Set
	clock      clock.Clock
	digger     *digger
	lookers    lookers

	mu    sync.Mutex
	leads map[int32]*partition.Partition // mu guards it; the partition of each shard that is led, for its pruning
}

// New makes a service that leads no shard yet. It reads records of, and writes dead letters to, the partitions of the set.
func New(c Config, partitions *partition.Set, clk clock.Clock, lg *slog.Logger) *Service {
	s := &Service{config: c.withDefaults(), partitions: partitions, clock: clk, lookers: lookers{at: make(map[Key]chan struct{})},
		leads: make(map[int32]*partition.Partition)}
	s.digger = newDigger(partitions, clk, lg, s.buried)
	build := func(shard int32) *machine {
		s.mu.Lock()
		defer s.mu.Unlock()
		p := s.leads[shard]
		return newMachine(&s.config, p.LeaderEpoch(), partitionLog{p}, s.digger)
	}
	s.runtime = coordinator.New(coordinator.Config{BatchMaxBytes: s.config.BatchMaxBytes,
		LoadBufferBytes: s.config.LoadBufferBytes}, build, clk, lg)
	return s
}

// ShardOf gives the partition of __share_group_state on which a share partition lives.
func (s *Service) ShardOf(k Key) int32 {
	return coordinator.ShardOf(k.String(), s.config.StatePartitions)
}

// SetImage tells where the topics are that dead letters go to.
func (s *Service) SetImage(image *metadata.Image) { s.digger.image.Store(image) }

// BecomeLeader starts loading a shard from its partition, and leads it in the partition's present leader epoch. Requests wait
// for that, and end with coordinator.ErrLoading if it takes long.
func (s *Service) BecomeLeader(shard int32, p *partition.Partition) {
	s.mu.Lock()
	s.leads[shard] = p
	s.mu.Unlock()
	s.runtime.BecomeLeader(shard, coordinator.OnPartition(p))
}

// Resign unloads a shard: whoever waits gets coordinator.ErrNotCoordinator. It returns when the shard has ended.
func (s *Service) Resign(shard int32) {
	s.runtime.Resign(shard)
	s.mu.Lock()
	delete(s.leads, shard)
	s.mu.Unlock()
}

// Loaded is closed when the shard has been loaded or has failed to; nil if this process does not lead it.
func (s *Service) Loaded(shard int32) <-chan struct{} { return s.runtime.Loaded(shard) }

// Close resigns from all shards and stops writing dead letters; what is not written the next leader writes.
func (s *Service) Close(ctx context.Context) error {
	s.digger.close()
	return s.runtime.Close(ctx)
}

// Acknowledge settles, releases or renews records that the member holds; all of them, or none when it fails.
func (s *Service) Acknowledge(r AcknowledgeRequest) *coordinator.Future[struct{}] {
	return do(s, r.Key, func(m *machine, tx *coordinator.Tx) error { return m.acknowledge(tx, &r) })
}

// Release makes available again what a member holds.
func (s *Service) Release(k Key, member string) *coordinator.Future[struct{}] {
	return do(s, k, func(m *machine, tx *coordinator.Tx) error {
		m.letGo(tx, k, member)
		return nil
	})
}

// PutBack makes available again what a member holds of some records and was not sent. It does not count as a delivery.
func (s *Service) PutBack(k Key, member string, back []Acquired) *coordinator.Future[struct{}] {
	return do(s, k, func(m *machine, tx *coordinator.Tx) error {
		m.putBack(tx, k, member, back)
		return nil
	})
}

// Offsets tells how far a group has come.
func (s *Service) Offsets(k Key) *coordinator.Future[Offsets] {
	return decide(s, k, func(m *machine, _ *coordinator.Tx) (Offsets, error) { return m.offsets(k), nil })
}

// Initialize has a group begin a partition at an offset, unless it has begun.
func (s *Service) Initialize(k Key, start int64) *coordinator.Future[struct{}] {
	return do(s, k, func(m *machine, tx *coordinator.Tx) error {
		m.initialize(tx, k, start)
		return nil
	})
}

// Alter has a group begin anew at an offset.
func (s *Service) Alter(k Key, start int64) *coordinator.Future[struct{}] {
	return do(s, k, func(m *machine, tx *coordinator.Tx) error {
		m.alter(tx, k, start)
		return nil
	})
}

// Delete forgets what a group has of a partition.
func (s *Service) Delete(k Key) *coordinator.Future[struct{}] {
	return do(s, k, func(m *machine, tx *coordinator.Tx) error {
		m.remove(tx, k)
		return nil
	})
}

// Keys lists the share partitions of a group, or of all when it is "". A shard that is lost meanwhile is left out; one that is
// loading makes it an error.
func (s *Service) Keys(group string) *coordinator.Future[[]Key] {
	var parts []*coordinator.Future[[]Key]
	for _, n := range s.runtime.Shards() {
		list := func(m *machine, _ *coordinator.Tx) ([]Key, error) { return m.keys(group), nil }
		parts = append(parts, coordinator.Decide(s.runtime, n, "", list))
	}
	return coordinator.Gather(parts, func(parts []*coordinator.Future[[]Key]) ([]Key, error) {
		var all []Key
		for _, p := range parts {
			keys, err := p.Result()
			if err != nil && !errors.Is(err, coordinator.ErrNotCoordinator) {
				return nil, err
			}
			all = append(all, keys...)
		}
		return all, nil
	})
}

// take has a member acquire what there is, and waits for the answer.
func (s *Service) take(a *asked) (given, error) {
	return decide(s, a.key, func(m *machine, tx *coordinator.Tx) (given, error) { return m.take(tx, a) }).Result()
}

func (s *Service) unwatch(k Key, w *waiter) {
	do(s, k, func(m *machine, _ *coordinator.Tx) error {
		if p := m.parts[k]; p != nil {
			delete(p.waiters, w)
		}
		return nil
	})
}

// begin finds where a group begins that has never fetched from a partition, and keeps it.
func (s *Service) begin(p *partition.Partition, k Key, settings *Settings) error {
	start := p.HighWatermark()
	switch settings.Reset.Kind {
	case ResetEarliest:
		start = p.StartOffset()
	case ResetByDuration:
		at, ok, err := p.LookupTime(s.clock.Now().Add(-settings.Reset.Duration).UnixMilli(), false, -1)
		if err != nil {
			return err
		}
		if ok {
			start = at.Offset
		}
	}
	_, err := s.Initialize(k, start).Result()
	return err
}

// buried tells a shard that dead letters are durable.
func (s *Service) buried(all []burial) *coordinator.Future[struct{}] {
	return do(s, all[0].key, func(m *machine, tx *coordinator.Tx) error {
		m.buried(tx, all)
		return nil
	})
}

// decide runs fn as an event of a share partition.
func decide[T any](s *Service, k Key, fn func(m *machine, tx *coordinator.Tx) (T, error)) *coordinator.Future[T] {
	return coordinator.Decide(s.runtime, s.ShardOf(k), k.String(), fn)
}

func do(s *Service, k Key, fn func(m *machine, tx *coordinator.Tx) error) *coordinator.Future[struct{}] {
	return decide(s, k, func(m *machine, tx *coordinator.Tx) (struct{}, error) { return struct{}{}, fn(m, tx) })
}
