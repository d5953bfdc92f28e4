package txn

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"weir/coordinator"
	"weir/internal/clock"
	"weir/metadata"
	"weir/partition"
)

// Service coordinates the transactional ids whose shards this process leads. Its methods may be called from any
// goroutine; they do not wait, the futures they give do.
type Service struct {
	config  Config
	version atomic.Int32 // of the protocol; read by the shards as they decide
	runtime *coordinator.Runtime[*machine]
	writer  *writer

	mu     sync.Mutex
	epochs map[int32]int32 // mu guards it; leader epoch of each shard that is led
}

// New makes a service that leads no shard yet. It writes markers to the partitions of the set.
func New(c Config, partitions *partition.Set, clk clock.Clock, lg *slog.Logger) *Service {
	w := newWriter(partitions, clk, lg)
	s := newService(c, w, clk, lg)
	w.completed, s.writer = s.completed, w
	return s
}

func newService(c Config, w markers, clk clock.Clock, lg *slog.Logger) *Service {
	s := &Service{config: c.withDefaults(), epochs: make(map[int32]int32)}
	build := func(shard int32) *machine {
		s.mu.Lock()
		defer s.mu.Unlock()
		return newMachine(&s.config, &s.version, leadership{shard, s.epochs[shard]}, w, lg)
	}
	s.runtime = coordinator.New(coordinator.Config{
		BatchMaxBytes: s.config.BatchMaxBytes, LoadBufferBytes: s.config.LoadBufferBytes,
	}, build, clk, lg)
	return s
}

// ShardOf gives the partition of __transaction_state on which a transactional id lives.
func (s *Service) ShardOf(id string) int32 { return coordinator.ShardOf(id, s.config.StatePartitions) }

// SetImage tells where the topics are that markers are written to, and which protocol the cluster has agreed on.
func (s *Service) SetImage(image *metadata.Image) {
	s.writer.image.Store(image)
	s.SetVersion(image.Features["transaction.version"])
}

// SetVersion says which protocol the cluster has agreed on. From the next decision on, ends that no client asked for
// follow it, and records have its form; clients follow what they have learned of it.
func (s *Service) SetVersion(version int16) { s.version.Store(int32(version)) }

// BecomeLeader starts loading a shard from its partition, and leads it in the partition's present leader epoch.
// Requests wait for that, and end with coordinator.ErrLoading if it takes long. Ends that the shard finds decided are carried
// out.
func (s *Service) BecomeLeader(shard int32, p *partition.Partition) {
	s.lead(shard, p.LeaderEpoch(), coordinator.OnPartition(p))
}

func (s *Service) lead(shard, epoch int32, l coordinator.Log) {
	s.mu.Lock()
	s.epochs[shard] = epoch
	s.mu.Unlock()
	s.runtime.BecomeLeader(shard, l)
}

// Resign unloads a shard: whoever waits gets coordinator.ErrNotCoordinator. It returns when the shard has ended.
func (s *Service) Resign(shard int32) { s.runtime.Resign(shard) }

// Loaded is closed when the shard has been loaded or has failed to; nil if this process does not lead it.
func (s *Service) Loaded(shard int32) <-chan struct{} { return s.runtime.Loaded(shard) }

// Close resigns from all shards and stops writing markers; what is not written the next leader writes.
func (s *Service) Close(ctx context.Context) error {
	if s.writer != nil {
		s.writer.close()
	}
	return s.runtime.Close(ctx)
}

// Init gives a producer its producer id and epoch, and fences whoever had the transactional id.
func (s *Service) Init(r InitRequest) *coordinator.Future[Producer] {
	switch {
	case r.ID == "":
		return coordinator.Completed(noProducer, ErrInvalidRequest)
	case r.TimeoutMs <= 0 || r.TimeoutMs > s.config.MaxTimeoutMs:
		return coordinator.Completed(noProducer, ErrInvalidTimeout)
	}
	return decide(s, r.ID, func(m *machine, tx *coordinator.Tx) (Producer, error) {
		p, err := m.init(tx, &r)
		if err == nil {
			m.seen(r.ID, r.Client)
		}
		return p, err
	})
}

// Add makes partitions part of a producer's transaction, and opens one if none is open. While the one before is
// being ended the answer waits for that, a little.
func (s *Service) Add(r AddRequest) *coordinator.Future[struct{}] {
	if r.ID == "" {
		return coordinator.Completed(struct{}{}, ErrInvalidRequest)
	}
	return coordinator.Park(s.runtime, s.ShardOf(r.ID), r.ID,
		func(m *machine, tx *coordinator.Tx, f *coordinator.Future[struct{}]) { m.add(tx, &r, f) })
}

// Verify tells whether partitions are part of a producer's open transaction.
func (s *Service) Verify(r AddRequest) *coordinator.Future[struct{}] {
	if r.ID == "" {
		return coordinator.Completed(struct{}{}, ErrInvalidRequest)
	}
	return decide(s, r.ID, func(m *machine, tx *coordinator.Tx) (struct{}, error) {
		return struct{}{}, m.verify(tx, &r)
	})
}

// End commits or aborts a producer's transaction, and tells what it writes with from now on.
func (s *Service) End(r EndRequest) *coordinator.Future[Producer] {
	if r.ID == "" {
		return coordinator.Completed(noProducer, ErrInvalidRequest)
	}
	return decide(s, r.ID, func(m *machine, tx *coordinator.Tx) (Producer, error) { return m.end(tx, &r) })
}

// Describe tells what is known of a transactional id.
func (s *Service) Describe(id string) *coordinator.Future[Description] {
	if id == "" {
		return coordinator.Completed(Description{}, ErrInvalidRequest)
	}
	return decide(s, id, func(m *machine, tx *coordinator.Tx) (Description, error) { return m.describe(tx, id) })
}

// List lists the transactional ids of all shards that this process leads, sorted. A shard that is lost meanwhile
// is left out; one that is loading makes it an error, for the listing would look whole and not be.
func (s *Service) List(f Filter) *coordinator.Future[[]Description] {
	var parts []*coordinator.Future[[]Description]
	for _, n := range s.runtime.Shards() {
		list := func(m *machine, tx *coordinator.Tx) ([]Description, error) { return m.list(tx, &f), nil }
		parts = append(parts, coordinator.Decide(s.runtime, n, "", list))
	}
	return coordinator.Gather(parts, func(parts []*coordinator.Future[[]Description]) ([]Description, error) {
		var all []Description
		for _, p := range parts {
			listed, err := p.Result()
			if err != nil && !errors.Is(err, coordinator.ErrNotCoordinator) {
				return nil, err
			}
			all = append(all, listed...)
		}
		slices.SortFunc(all, func(a, b Description) int { return cmp.Compare(a.ID, b.ID) })
		return all, nil
	})
}

// completed tells a shard that the markers of an ending are durable.
func (s *Service) completed(e Ending) *coordinator.Future[struct{}] {
	return coordinator.Decide(s.runtime, e.Shard, e.ID, func(m *machine, tx *coordinator.Tx) (struct{}, error) {
		m.completed(tx, e)
		return struct{}{}, nil
	})
}

// decide runs fn as an event of a transactional id.
func decide[T any](s *Service, id string, fn func(m *machine, tx *coordinator.Tx) (T, error)) *coordinator.Future[T] {
	return coordinator.Decide(s.runtime, s.ShardOf(id), id, fn)
}
