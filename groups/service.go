package groups

import (
	"context"
	"log/slog"

	"weir/coordinator"
	"weir/internal/clock"
)

// Service coordinates all groups whose shards this process leads. Its methods may be called from any goroutine; they
// do not wait, the futures they give do.
type Service struct {
	config Config
	clock  clock.Clock
	logger *slog.Logger
}

// New makes a service that leads no shard yet.
func New(c Config, clk clock.Clock, lg *slog.Logger) *Service {
	return &Service{config: c, clock: clk, logger: lg}
}

// ShardOf gives the partition of __consumer_offsets on which a group lives.
func (s *Service) ShardOf(groupID string) int32 { panic("unwritten") }

// BecomeLeader starts loading a shard from its partition. Until it is loaded, requests end with ErrLoading.
func (s *Service) BecomeLeader(shard int32, p coordinator.Log) { panic("unwritten") }

// Resign unloads a shard: whoever waits gets ErrNotCoordinator. It returns when the shard has ended.
func (s *Service) Resign(shard int32) { panic("unwritten") }

// Loaded is closed when the shard has been loaded or has failed to; nil if this process does not lead it.
func (s *Service) Loaded(shard int32) <-chan struct{} { panic("unwritten") }

// Close resigns from all shards.
func (s *Service) Close(ctx context.Context) error { panic("unwritten") }

// Join makes a member part of the next generation. The answer comes when the generation begins.
func (s *Service) Join(r JoinRequest) *coordinator.Future[JoinResponse] { panic("unwritten") }

// Sync gives a member its assignment. The answer comes when the leader's assignment is durable.
func (s *Service) Sync(r SyncRequest) *coordinator.Future[SyncResponse] { panic("unwritten") }

// Heartbeat prolongs a member's session.
func (s *Service) Heartbeat(r HeartbeatRequest) *coordinator.Future[HeartbeatResponse] {
	panic("unwritten")
}

// Leave takes members out of a group.
func (s *Service) Leave(r LeaveRequest) *coordinator.Future[LeaveResponse] { panic("unwritten") }

// CommitOffsets stores offsets of a group.
func (s *Service) CommitOffsets(r CommitRequest) *coordinator.Future[CommitResponse] {
	panic("unwritten")
}

// FetchOffsets reads committed offsets of a group.
func (s *Service) FetchOffsets(r FetchRequest) *coordinator.Future[FetchResponse] {
	panic("unwritten")
}

// Describe describes groups, in the order asked for; what went wrong with one stands in its Err.
func (s *Service) Describe(ids []string) *coordinator.Future[[]Description] { panic("unwritten") }

// List lists the groups of all shards that this process leads, sorted by id.
func (s *Service) List(r ListRequest) *coordinator.Future[[]Listed] { panic("unwritten") }

// Delete deletes empty groups with their offsets, in the order asked for.
func (s *Service) Delete(ids []string) *coordinator.Future[[]DeleteResult] { panic("unwritten") }

// DeleteOffsets drops committed offsets of a group.
func (s *Service) DeleteOffsets(r DeleteOffsetsRequest) *coordinator.Future[DeleteOffsetsResponse] {
	panic("unwritten")
}

// TopicDeleted drops the committed offsets of a deleted topic in every group.
func (s *Service) TopicDeleted(name string) *coordinator.Future[struct{}] { panic("unwritten") }
