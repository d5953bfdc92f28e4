package handlers

import (
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"weir/internal/clock"
	"weir/protocol"
)

// fetchOf is a request of a session for partitions of topic "t", each at an offset.
func fetchOf(id, epoch int32, offsets map[int32]int64) *protocol.FetchRequest {
	r := &protocol.FetchRequest{SessionID: id, SessionEpoch: epoch}
	t := protocol.FetchTopic{Name: "t"}
	for index := int32(0); index < 100; index++ {
		if offset, ok := offsets[index]; ok {
			t.Partitions = append(t.Partitions, protocol.FetchPartition{Index: index, FetchOffset: offset})
		}
	}
	if len(t.Partitions) > 0 {
		r.Topics = append(r.Topics, t)
	}
	return r
}

// opened opens a session for the partitions, all with high watermark 10, and returns its id.
func opened(t *testing.T, s *sessionCache, offsets map[int32]int64) int32 {
	t.Helper()
	plan, err := s.begin(12, fetchOf(0, initialEpoch, offsets))
	if err != nil || !plan.open || len(plan.parts) != len(offsets) {
		t.Fatalf("plan %+v, error %v", plan, err)
	}
	told := make([]protocol.FetchPartitionResponse, len(plan.parts))
	for i := range told {
		told[i].HighWatermark = 10
	}
	return s.open(plan.byID, plan.parts, told)
}

func indexes(parts []fetchPart) []int32 {
	var out []int32
	for _, p := range parts {
		out = append(out, p.key.index)
	}
	return out
}

// TestSessionIncremental follows one session: opened, asked without change, extended, reduced, closed.
func TestSessionIncremental(t *testing.T) {
	s := newSessionCache(10, clock.NewManual(time.Unix(0, 0)))
	id := opened(t, s, map[int32]int64{0: 5, 1: 6})
	if id == 0 {
		t.Fatal("no session")
	}
	plan, err := s.begin(12, fetchOf(id, 1, nil))
	if err != nil || len(plan.parts) != 2 || plan.parts[1].want.FetchOffset != 6 {
		t.Fatalf("unchanged: plan %+v, error %v", plan, err)
	}
	plan, err = s.begin(12, fetchOf(id, 2, map[int32]int64{1: 7, 4: 0}))
	if err != nil || len(plan.parts) != 3 || plan.parts[1].want.FetchOffset != 7 {
		t.Fatalf("extended: plan %+v, error %v", plan, err)
	}
	forget := fetchOf(id, 3, nil)
	forget.ForgottenTopics = []protocol.ForgottenTopic{{Name: "t", Partitions: []int32{0, 4, 77}}}
	plan, err = s.begin(12, forget)
	if err != nil || len(plan.parts) != 1 || plan.parts[0].key.index != 1 {
		t.Fatalf("reduced: plan %+v, error %v", plan, err)
	}
	if s.mu.partitions != 1 {
		t.Errorf("%d partitions counted, want 1", s.mu.partitions)
	}
	plan, err = s.begin(12, fetchOf(id, finalEpoch, map[int32]int64{1: 7}))
	if err != nil || plan.open || plan.session != nil {
		t.Fatalf("closed: plan %+v, error %v", plan, err)
	}
	if _, err = s.begin(12, fetchOf(id, 4, nil)); !errors.Is(err, kerr.FetchSessionIDNotFound) {
		t.Errorf("after closing: %v", err)
	}
	if len(s.mu.sessions) != 0 || s.mu.partitions != 0 {
		t.Errorf("%d sessions with %d partitions are left", len(s.mu.sessions), s.mu.partitions)
	}
}

// TestSessionErrors holds B27: unknown session 70, wrong epoch 71, a change between names and topic ids 106.
func TestSessionErrors(t *testing.T) {
	s := newSessionCache(10, clock.NewManual(time.Unix(0, 0)))
	id := opened(t, s, map[int32]int64{0: 5})
	for _, c := range []struct {
		version   int16
		id, epoch int32
		want      error
	}{
		{12, id + 1, 1, kerr.FetchSessionIDNotFound},
		{12, 0, 1, kerr.FetchSessionIDNotFound},
		{12, id, 2, kerr.InvalidFetchSessionEpoch},
		{12, id, -5, kerr.InvalidFetchSessionEpoch},
		{13, id, 1, kerr.FetchSessionTopicIDError},
	} {
		if _, err := s.begin(c.version, fetchOf(c.id, c.epoch, nil)); !errors.Is(err, c.want) {
			t.Errorf("session %d, epoch %d, v%d: %v, want %v", c.id, c.epoch, c.version, err, c.want)
		}
	}
}

// TestSessionTells shows what an incremental answer leaves out, and that partitions with records go to the
// back.
func TestSessionTells(t *testing.T) {
	s := newSessionCache(10, clock.NewManual(time.Unix(0, 0)))
	id := opened(t, s, map[int32]int64{0: 5, 1: 6})
	plan, err := s.begin(12, fetchOf(id, 1, nil))
	if err != nil {
		t.Fatal(err)
	}
	zero, one := plan.parts[0].key, plan.parts[1].key
	tell := func(key fetchKey, r protocol.FetchPartitionResponse) bool {
		return plan.session.mustTell(key, &r)
	}
	if tell(zero, protocol.FetchPartitionResponse{HighWatermark: 10}) {
		t.Error("nothing new is told")
	}
	if !tell(zero, protocol.FetchPartitionResponse{HighWatermark: 11}) {
		t.Error("a new high watermark is not told")
	}
	if !tell(zero, protocol.FetchPartitionResponse{HighWatermark: 11, LogStartOffset: 3}) {
		t.Error("a new log start offset is not told")
	}
	if !tell(one, protocol.FetchPartitionResponse{HighWatermark: -1, ErrorCode: 6}) {
		t.Error("an error is not told")
	}
	if !tell(one, protocol.FetchPartitionResponse{HighWatermark: 10}) {
		t.Error("the end of an error is not told")
	}
	records := make([]protocol.Sender, 1)
	if !tell(zero, protocol.FetchPartitionResponse{HighWatermark: 11, LogStartOffset: 3, Records: records}) {
		t.Error("records are not told")
	}
	if plan, err = s.begin(12, fetchOf(id, 2, nil)); err != nil || indexes(plan.parts)[0] != 1 {
		t.Errorf("order %v, error %v; want the partition without records first", indexes(plan.parts), err)
	}
}

// TestSessionCap shows that a full cache refuses fresh sessions, and gives the place of a stale or smaller
// old one away.
func TestSessionCap(t *testing.T) {
	clk := clock.NewManual(time.Unix(0, 0))
	s := newSessionCache(2, clk)
	small := opened(t, s, map[int32]int64{0: 0})
	large := opened(t, s, map[int32]int64{0: 0, 1: 0, 2: 0})
	if id := opened(t, s, map[int32]int64{0: 0, 1: 0}); id != 0 {
		t.Error("a session took the place of a fresh one")
	}
	clk.Advance(sessionStale + time.Second)
	for _, id := range []int32{small, large} {
		if _, err := s.begin(12, fetchOf(id, 1, nil)); err != nil {
			t.Fatal(err)
		}
	}
	if id := opened(t, s, map[int32]int64{0: 0, 1: 0}); id == 0 {
		t.Error("a larger session did not take the place of a small old one")
	}
	if _, err := s.begin(12, fetchOf(small, 2, nil)); !errors.Is(err, kerr.FetchSessionIDNotFound) {
		t.Errorf("the small session: %v", err)
	}
	clk.Advance(sessionStale + time.Second)
	if id := opened(t, s, map[int32]int64{0: 0}); id == 0 {
		t.Error("a session did not take the place of a stale one")
	}
	if len(s.mu.sessions) != 2 {
		t.Errorf("%d sessions, want 2", len(s.mu.sessions))
	}
}

// TestPartitionNamedTwice shows that a partition named twice in a request is fetched once, as the later asks.
func TestPartitionNamedTwice(t *testing.T) {
	s := newSessionCache(2, clock.NewManual(time.Unix(0, 0)))
	r := fetchOf(0, finalEpoch, map[int32]int64{3: 1})
	r.Topics = append(r.Topics, fetchOf(0, finalEpoch, map[int32]int64{3: 2}).Topics...)
	plan, err := s.begin(12, r)
	if err != nil || len(plan.parts) != 1 || plan.parts[0].want.FetchOffset != 2 {
		t.Errorf("plan %+v, error %v", plan, err)
	}
}
