package groups

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"

	"weir/coordinator"
	"weir/internal/clock"
	"weir/partition"
)

// Service coordinates all groups whose shards this process leads. Its methods may be called from any
// goroutine; they do not wait, the futures they give do.
type Service struct {
	config  Config
	view    *view
	runtime *coordinator.Runtime[*machine]
}

// New makes a service that leads no shard yet.
func New(c Config, clk clock.Clock, lg *slog.Logger) *Service {
	return newService(c, clk, lg, newMemberIDSuffix)
}

func newService(c Config, clk clock.Clock, lg *slog.Logger, newID func() string) *Service {
	s := &Service{config: c.withDefaults(), view: newView()}
	build := func(int32) *machine { return newMachine(&s.config, newID, s.view, lg) }
	s.runtime = coordinator.New(coordinator.Config{
		BatchMaxBytes: s.config.BatchMaxBytes, LoadBufferBytes: s.config.OffsetsLoadBufferBytes,
	}, build, clk, lg)
	return s
}

// ShardOf gives the partition of __consumer_offsets on which a group lives.
func (s *Service) ShardOf(groupID string) int32 {
	return coordinator.ShardOf(groupID, s.config.OffsetsPartitions)
}

// BecomeLeader starts loading a shard from its partition, and leads it in the partition's present leader
// epoch. Requests wait for that, and end with coordinator.ErrLoading if it takes long.
func (s *Service) BecomeLeader(shard int32, p *partition.Partition) {
	s.runtime.BecomeLeader(shard, coordinator.OnPartition(p))
}

// Resign unloads a shard: whoever waits gets coordinator.ErrNotCoordinator. It returns when the shard has
// ended.
func (s *Service) Resign(shard int32) { s.runtime.Resign(shard) }

// Loaded is closed when the shard has been loaded or has failed to; nil if this process does not lead it.
func (s *Service) Loaded(shard int32) <-chan struct{} { return s.runtime.Loaded(shard) }

// Close resigns from all shards.
func (s *Service) Close(ctx context.Context) error { return s.runtime.Close(ctx) }

// decide runs fn as an event of a group.
func decide[T any](s *Service, groupID string,
	fn func(m *machine, tx *coordinator.Tx) (T, error)) *coordinator.Future[T] {
	return coordinator.Decide(s.runtime, s.ShardOf(groupID), groupID, fn)
}

// Join makes a member part of the next generation. The answer comes when the generation begins. What the
// request holds is copied.
func (s *Service) Join(r JoinRequest) *coordinator.Future[JoinResponse] {
	switch {
	case r.GroupID == "":
		return coordinator.Completed(JoinResponse{MemberID: r.MemberID}, ErrInvalidGroupID)
	case r.SessionTimeoutMs < s.config.GroupMinSessionTimeoutMs,
		r.SessionTimeoutMs > s.config.GroupMaxSessionTimeoutMs:
		return coordinator.Completed(JoinResponse{MemberID: r.MemberID}, ErrInvalidSessionTimeout)
	case !s.config.fitsRecord(r.Protocols):
		return coordinator.Completed(JoinResponse{}, ErrGroupMaxSize)
	}
	r.Protocols = slices.Clone(r.Protocols)
	for i := range r.Protocols {
		r.Protocols[i].Metadata = bytes.Clone(r.Protocols[i].Metadata)
	}
	return coordinator.Park(s.runtime, s.ShardOf(r.GroupID), r.GroupID,
		func(m *machine, tx *coordinator.Tx, f *coordinator.Future[JoinResponse]) {
			m.join(tx, joining{&r, f})
		})
}

// Sync gives a member its assignment. The answer comes when the leader's assignment is durable. What the
// request holds is copied.
func (s *Service) Sync(r SyncRequest) *coordinator.Future[SyncResponse] {
	if r.GroupID == "" {
		return coordinator.Completed(SyncResponse{}, ErrInvalidGroupID)
	}
	r.Assignments = slices.Clone(r.Assignments)
	for i := range r.Assignments {
		r.Assignments[i].Data = bytes.Clone(r.Assignments[i].Data)
	}
	return coordinator.Park(s.runtime, s.ShardOf(r.GroupID), r.GroupID,
		func(m *machine, tx *coordinator.Tx, f *coordinator.Future[SyncResponse]) { m.sync(tx, &r, f) })
}

// Heartbeat prolongs a member's session. While the shard is loading it succeeds: nothing is known against the
// member.
func (s *Service) Heartbeat(r HeartbeatRequest) *coordinator.Future[HeartbeatResponse] {
	if r.GroupID == "" {
		return coordinator.Completed(HeartbeatResponse{}, ErrInvalidGroupID)
	}
	if loaded := s.Loaded(s.ShardOf(r.GroupID)); loaded != nil {
		select {
		case <-loaded:
		default:
			return coordinator.Completed(HeartbeatResponse{}, nil)
		}
	}
	return decide(s, r.GroupID, func(m *machine, tx *coordinator.Tx) (HeartbeatResponse, error) {
		return m.heartbeat(tx, &r)
	})
}

// Leave takes members out of a group.
func (s *Service) Leave(r LeaveRequest) *coordinator.Future[LeaveResponse] {
	if r.GroupID == "" {
		return coordinator.Completed(LeaveResponse{}, ErrInvalidGroupID)
	}
	return decide(s, r.GroupID, func(m *machine, tx *coordinator.Tx) (LeaveResponse, error) {
		return m.leave(tx, &r)
	})
}

// CommitOffsets stores offsets of a group. The group id may be "", as old consumers have it.
//
// A commit with a generation to a group that does not exist ends with ErrGroupNotFound, which is
// GROUP_ID_NOT_FOUND from version 9 on and was ILLEGAL_GENERATION before.
func (s *Service) CommitOffsets(r CommitRequest) *coordinator.Future[CommitResponse] {
	return decide(s, r.GroupID, func(m *machine, tx *coordinator.Tx) (CommitResponse, error) {
		return m.commit(tx, &r)
	})
}

// CommitTransactionOffsets stores offsets of a group that count when the producer's transaction is committed.
func (s *Service) CommitTransactionOffsets(r TransactionCommitRequest) *coordinator.Future[CommitResponse] {
	if r.GroupID == "" {
		return coordinator.Completed(CommitResponse{}, ErrInvalidGroupID)
	}
	r.RetentionMs = -1
	return decide(s, r.GroupID, func(m *machine, tx *coordinator.Tx) (CommitResponse, error) {
		return m.commitTransaction(tx, &r)
	})
}

// FetchOffsets reads committed offsets of a group. A group that does not exist has none.
func (s *Service) FetchOffsets(r FetchRequest) *coordinator.Future[FetchResponse] {
	return decide(s, r.GroupID, func(m *machine, tx *coordinator.Tx) (FetchResponse, error) {
		return m.fetch(tx, &r)
	})
}

// Describe describes groups, in the order asked for; what went wrong with one stands in its Err.
func (s *Service) Describe(ids []string) *coordinator.Future[[]Description] {
	parts := make([]*coordinator.Future[Description], len(ids))
	for i, id := range ids {
		parts[i] = decide(s, id, func(m *machine, tx *coordinator.Tx) (Description, error) {
			return m.describe(tx, id), nil
		})
	}
	return coordinator.Gather(parts, func(parts []*coordinator.Future[Description]) ([]Description, error) {
		all := make([]Description, len(parts))
		for i, p := range parts {
			d, err := p.Result()
			if err != nil {
				d = Description{GroupID: ids[i], Err: err}
			}
			all[i] = d
		}
		return all, nil
	})
}

// List lists the groups of all shards that this process leads, sorted by id. A shard that is lost meanwhile
// is left out; one that is loading makes it an error, for the listing would look whole and not be.
func (s *Service) List(r ListRequest) *coordinator.Future[[]Listed] {
	var parts []*coordinator.Future[[]Listed]
	for _, n := range s.runtime.Shards() {
		list := func(m *machine, tx *coordinator.Tx) ([]Listed, error) { return m.list(tx, &r), nil }
		parts = append(parts, coordinator.Decide(s.runtime, n, "", list))
	}
	return coordinator.Gather(parts, func(parts []*coordinator.Future[[]Listed]) ([]Listed, error) {
		var all []Listed
		for _, p := range parts {
			listed, err := p.Result()
			if err != nil && !errors.Is(err, coordinator.ErrNotCoordinator) {
				return nil, err
			}
			all = append(all, listed...)
		}
		slices.SortFunc(all, func(a, b Listed) int { return cmp.Compare(a.GroupID, b.GroupID) })
		return all, nil
	})
}

// Delete deletes empty groups with their offsets, in the order asked for.
func (s *Service) Delete(ids []string) *coordinator.Future[[]DeleteResult] {
	parts := make([]*coordinator.Future[struct{}], len(ids))
	for i, id := range ids {
		parts[i] = decide(s, id, func(m *machine, tx *coordinator.Tx) (struct{}, error) {
			return struct{}{}, m.delete(tx, id)
		})
	}
	return coordinator.Gather(parts, func(parts []*coordinator.Future[struct{}]) ([]DeleteResult, error) {
		all := make([]DeleteResult, len(parts))
		for i, p := range parts {
			_, err := p.Result()
			all[i] = DeleteResult{ids[i], err}
		}
		return all, nil
	})
}

// DeleteOffsets drops committed offsets of a group.
func (s *Service) DeleteOffsets(r DeleteOffsetsRequest) *coordinator.Future[DeleteOffsetsResponse] {
	if r.GroupID == "" {
		return coordinator.Completed(DeleteOffsetsResponse{}, ErrInvalidGroupID)
	}
	return decide(s, r.GroupID, func(m *machine, tx *coordinator.Tx) (DeleteOffsetsResponse, error) {
		return m.deleteOffsets(tx, &r)
	})
}

// TopicDeleted drops the committed offsets of a deleted topic in every group.
func (s *Service) TopicDeleted(name string) *coordinator.Future[struct{}] {
	var parts []*coordinator.Future[struct{}]
	for _, n := range s.runtime.Shards() {
		drop := func(m *machine, tx *coordinator.Tx) (struct{}, error) {
			m.topicDeleted(tx, name)
			return struct{}{}, nil
		}
		parts = append(parts, coordinator.Decide(s.runtime, n, "", drop))
	}
	return coordinator.Gather(parts, func(parts []*coordinator.Future[struct{}]) (struct{}, error) {
		var errs []error
		for _, p := range parts {
			if _, err := p.Result(); err != nil {
				errs = append(errs, err)
			}
		}
		return struct{}{}, errors.Join(errs...)
	})
}
