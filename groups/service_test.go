package groups

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"weir/coordinator"
	"weir/internal/clock"
)

// gatedLog cannot be read before its gate is open.
type gatedLog struct {
	*coordinator.MemoryLog
	gate chan struct{}
}

func (l *gatedLog) Bounds(stop <-chan struct{}) (int64, int64, error) {
	<-l.gate
	return l.MemoryLog.Bounds(stop)
}

func TestWhileLoading(t *testing.T) {
	clk := clock.NewManual(time.UnixMilli(0))
	s := New(Config{OffsetsPartitions: 2}, clk, slog.New(slog.DiscardHandler))
	l := &gatedLog{coordinator.NewMemoryLog(), make(chan struct{})}
	led, other := "a", "b"
	if s.ShardOf(led) == s.ShardOf(other) {
		t.Fatal("choose other names")
	}
	s.runtime.BecomeLeader(s.ShardOf(led), l)
	clk.WaitForTimers(1)
	first := s.List(ListRequest{})
	if _, err := s.Heartbeat(HeartbeatRequest{GroupID: led}).Result(); err != nil {
		t.Errorf("heartbeat while loading: %v", err)
	}
	if _, err := s.Heartbeat(HeartbeatRequest{GroupID: other}).Result(); !errors.Is(err, coordinator.ErrNotCoordinator) {
		t.Errorf("heartbeat to a shard that is not led: %v", err)
	}
	if _, err, ok := first.Peek(); ok {
		t.Errorf("list, not waiting for the end of loading: %v", err)
	}
	clk.Advance(time.Second)
	if _, err := first.Result(); !errors.Is(err, coordinator.ErrLoading) {
		t.Errorf("list, when loading takes long: %v", err)
	}
	if _, err := s.FetchOffsets(FetchRequest{GroupID: led}).Result(); !errors.Is(err, coordinator.ErrLoading) {
		t.Errorf("fetch while loading: %v", err)
	}
	if _, err := s.List(ListRequest{}).Result(); !errors.Is(err, coordinator.ErrLoading) {
		t.Errorf("list while loading: %v", err)
	}
	described, err := s.Describe([]string{other, led}).Result()
	if err != nil || !errors.Is(described[0].Err, coordinator.ErrNotCoordinator) ||
		!errors.Is(described[1].Err, coordinator.ErrLoading) {
		t.Errorf("describe while loading: %+v, %v", described, err)
	}
	close(l.gate)
	<-s.Loaded(s.ShardOf(led))
	if list, err := s.List(ListRequest{}).Result(); err != nil || len(list) != 0 {
		t.Errorf("list: %v, %v", list, err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if list, err := s.List(ListRequest{}).Result(); err != nil || len(list) != 0 {
		t.Errorf("list after close: %v, %v", list, err)
	}
}

func TestManyShards(t *testing.T) {
	s := New(Config{OffsetsPartitions: 5}, clock.NewManual(time.UnixMilli(0)), slog.New(slog.DiscardHandler))
	defer func() { _ = s.Close(t.Context()) }()
	for n := range int32(5) {
		s.runtime.BecomeLeader(n, coordinator.NewMemoryLog())
		<-s.Loaded(n)
	}
	var ids []string
	for i := range 20 {
		ids = append(ids, fmt.Sprintf("g%02d", i))
		_, err := s.CommitOffsets(CommitRequest{
			GroupID: ids[i], Generation: NoGeneration, RetentionMs: -1,
			Topics: []CommitTopic{{Name: "t", Partitions: []CommitPartition{{Offset: 1}}}},
		}).Result()
		if err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.List(ListRequest{}).Result()
	if err != nil || len(list) != 20 || list[0].GroupID != "g00" || list[19].GroupID != "g19" {
		t.Fatalf("list %v, %v", list, err)
	}
	if _, err := s.TopicDeleted("t").Result(); err != nil {
		t.Fatal(err)
	}
	results, err := s.Delete(append(ids, "nosuch")).Result()
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results[:20] {
		if r.GroupID != ids[i] || r.Err != nil {
			t.Errorf("delete %+v", r)
		}
	}
	if !errors.Is(results[20].Err, ErrGroupNotFound) {
		t.Errorf("delete %+v", results[20])
	}
}

func TestBoundsOfJoin(t *testing.T) {
	r := newRig(t, Config{BatchMaxBytes: 1000})
	for _, c := range []struct {
		request JoinRequest
		want    error
	}{
		{JoinRequest{SessionTimeoutMs: 10000}, ErrInvalidGroupID},
		{JoinRequest{GroupID: "g", SessionTimeoutMs: 5999}, ErrInvalidSessionTimeout},
		{JoinRequest{GroupID: "g", SessionTimeoutMs: 1_800_001}, ErrInvalidSessionTimeout},
		{JoinRequest{GroupID: "g", SessionTimeoutMs: 6000}, ErrInconsistentProtocol},
		{JoinRequest{GroupID: "g", SessionTimeoutMs: 6000, ProtocolType: "consumer",
			Protocols: []Protocol{{"p", make([]byte, 1001)}}}, ErrGroupMaxSize},
	} {
		if _, err := r.Join(c.request).Result(); !errors.Is(err, c.want) {
			t.Errorf("join %+v: %v; want %v", c.request, err, c.want)
		}
	}
	// Several members, each within its bound, are bounded together.
	refused := 0
	for i := range 20 {
		f := r.Join(JoinRequest{GroupID: "g", ClientID: fmt.Sprint(i), SessionTimeoutMs: 6000, RebalanceTimeoutMs: 6000,
			ProtocolType: "consumer", Protocols: []Protocol{{"p", make([]byte, 900)}}})
		r.settle()
		if _, err, ok := f.Peek(); ok && errors.Is(err, ErrGroupMaxSize) {
			refused++
		}
	}
	if refused != 12 {
		t.Errorf("%d of 20 members refused; want 12", refused)
	}
}

// The request's bytes belong to the caller again as soon as there is an answer.
func TestRequestsAreCopied(t *testing.T) {
	r := newRig(t, Config{})
	metadata := []byte("metadata")
	join := func(id string) *coordinator.Future[JoinResponse] {
		return r.Join(JoinRequest{GroupID: "g", MemberID: id, SessionTimeoutMs: 10000, RebalanceTimeoutMs: 10000,
			ProtocolType: "x", Protocols: []Protocol{{"p", metadata}}})
	}
	f := join("")
	clear(metadata)
	r.tick(100 * time.Millisecond)
	joined, err := f.Result()
	if err != nil || string(joined.Members[0].Metadata) != "metadata" {
		t.Fatalf("joined %+v, %v", joined, err)
	}
	data := []byte("assignment")
	sync := r.Sync(SyncRequest{GroupID: "g", MemberID: joined.MemberID, Generation: joined.Generation,
		Assignments: []Assignment{{joined.MemberID, data}}})
	clear(data)
	if synced, err := sync.Result(); err != nil || string(synced.Assignment) != "assignment" {
		t.Fatalf("synced %+v, %v", synced, err)
	}
}
