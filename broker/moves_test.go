package broker

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/cluster"
	"weir/metadata"
	"weir/vfs"
)

// mover takes the leadership of a group's shard away from a broker and gives it back, through the metadata, and can
// hold up the loading of the shard.
type mover struct {
	*Broker
	t     *testing.T
	store cluster.MetaStore
	shard int32

	markers int

	mu   sync.Mutex    // guards hold
	hold chan struct{} // closed when reads of the shard's files may go on; nil if they may
}

// openMover starts a broker, and coordinates a group there.
func openMover(t *testing.T, group string) *mover {
	t.Helper()
	m := &mover{t: t, store: cluster.NewMemStore()}
	fs := vfs.Inject(vfs.NewMem(), func(op vfs.Op) error {
		if op.Kind == vfs.OpReadAt && strings.Contains(op.Name, m.dir()) {
			m.mu.Lock()
			hold := m.hold
			m.mu.Unlock()
			if hold != nil {
				<-hold
			}
		}
		return nil
	})
	m.Broker = open(t, Config{Values: values(t, "/data"), FS: fs, Store: m.store})
	t.Cleanup(m.release)
	m.shard = m.groups.ShardOf(group)
	c := client(t, m.Broker)
	find := kmsg.NewPtrFindCoordinatorRequest()
	find.CoordinatorKey = group
	if _, err := find.RequestWith(limit(t), c); err != nil { // makes the topic of groups
		t.Fatal(err)
	}
	return m
}

// offsets is the topic of groups, nil before there is one.
func (m *mover) offsets() *metadata.Topic {
	if m.Broker == nil {
		return nil
	}
	return m.cluster.Image().Topic(offsetsTopic)
}

// dir is a part of the names of the shard's files.
func (m *mover) dir() string {
	if topic := m.offsets(); topic != nil {
		return fmt.Sprintf("%s-%d/", topic.ID, m.shard)
	}
	return "there is none yet"
}

// lead makes a broker the leader of the shard, in a new epoch, and waits until that is so here.
func (m *mover) lead(broker int32) {
	m.t.Helper()
	ctx := limit(m.t)
	kvs, _, err := m.store.Range(ctx, fmt.Sprintf("/parts/%s/%d", m.offsets().ID, m.shard))
	if err != nil || len(kvs) != 1 {
		m.t.Fatalf("partition of the shard: %d records, %v", len(kvs), err)
	}
	var r map[string]any
	if err := json.Unmarshal(kvs[0].Value, &r); err != nil {
		m.t.Fatal(err)
	}
	r["leader"], r["leaderEpoch"] = broker, r["leaderEpoch"].(float64)+1
	value, err := json.Marshal(r)
	if err != nil {
		m.t.Fatal(err)
	}
	ok, _, err := m.store.Txn(ctx, []cluster.Cond{{Key: kvs[0].Key, ModRev: kvs[0].ModRev}},
		[]cluster.Op{cluster.Put(kvs[0].Key, value)})
	if err != nil || !ok {
		m.t.Fatalf("move the shard: %t, %v", ok, err)
	}
	m.markers++
	topic(m.t, m.Broker, fmt.Sprintf("marker-%d", m.markers), 1) // answered once what was changed before is in force
}

func (m *mover) holdUp() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hold = make(chan struct{})
}

func (m *mover) release() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hold != nil {
		close(m.hold)
		m.hold = nil
	}
}

// committed gives what the group has committed, by partition.
func (m *mover) committed(group string) map[int32]int64 {
	m.t.Helper()
	offsets, err := admin(m.t, m.Broker).FetchOffsets(limit(m.t), group)
	if err != nil {
		m.t.Fatal(err)
	}
	all := make(map[int32]int64)
	offsets.Each(func(o kadm.OffsetResponse) { all[o.Partition] = o.At })
	return all
}

// asked is everything that can be asked about a group.
func asked(group, member string) []kmsg.Request {
	join := kmsg.NewPtrJoinGroupRequest()
	join.Version, join.Group, join.MemberID, join.ProtocolType = 3, group, member, "consumer"
	join.SessionTimeoutMillis, join.RebalanceTimeoutMillis = 30_000, 30_000
	join.Protocols = []kmsg.JoinGroupRequestProtocol{{Name: "range", Metadata: []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}}
	consumer := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	consumer.Group, consumer.MemberID, consumer.MemberEpoch = group, member, 1
	commit := kmsg.NewPtrOffsetCommitRequest()
	commit.Version, commit.Group, commit.Generation = 8, group, -1
	commit.Topics = []kmsg.OffsetCommitRequestTopic{{Topic: "read", Partitions: []kmsg.OffsetCommitRequestTopicPartition{{}}}}
	forget := kmsg.NewPtrOffsetDeleteRequest()
	forget.Group = group
	forget.Topics = []kmsg.OffsetDeleteRequestTopic{{Topic: "read", Partitions: []kmsg.OffsetDeleteRequestTopicPartition{{}}}}
	return []kmsg.Request{
		join, consumer, commit, forget,
		&kmsg.SyncGroupRequest{Version: 3, Group: group, MemberID: member, Generation: 1},
		&kmsg.HeartbeatRequest{Version: 3, Group: group, MemberID: member, Generation: 1},
		&kmsg.LeaveGroupRequest{Version: 2, Group: group, MemberID: "nobody"},
		&kmsg.OffsetFetchRequest{Version: 8, Groups: []kmsg.OffsetFetchRequestGroup{{Group: group, MemberEpoch: -1}}},
		&kmsg.DescribeGroupsRequest{Version: 5, Groups: []string{group}},
		&kmsg.ConsumerGroupDescribeRequest{Version: 1, Groups: []string{group}},
		&kmsg.DeleteGroupsRequest{Version: 2, Groups: []string{group}},
	}
}

// codeOf is the code of an answer, of its first part if it has parts.
func codeOf(resp kmsg.Response) int16 {
	switch r := resp.(type) {
	case *kmsg.JoinGroupResponse:
		return r.ErrorCode
	case *kmsg.SyncGroupResponse:
		return r.ErrorCode
	case *kmsg.HeartbeatResponse:
		return r.ErrorCode
	case *kmsg.LeaveGroupResponse:
		return r.ErrorCode
	case *kmsg.ConsumerGroupHeartbeatResponse:
		return r.ErrorCode
	case *kmsg.OffsetCommitResponse:
		return r.Topics[0].Partitions[0].ErrorCode
	case *kmsg.OffsetDeleteResponse:
		return r.ErrorCode
	case *kmsg.OffsetFetchResponse:
		return r.Groups[0].ErrorCode
	case *kmsg.DescribeGroupsResponse:
		return r.Groups[0].ErrorCode
	case *kmsg.ConsumerGroupDescribeResponse:
		return r.Groups[0].ErrorCode
	case *kmsg.DeleteGroupsResponse:
		return r.Groups[0].ErrorCode
	case *kmsg.ListGroupsResponse:
		return r.ErrorCode
	}
	return -1
}

// refuses checks that whatever is asked about the group gets one code. A heartbeat of the classic protocol is
// answered well while the shard loads: nothing is known against the member.
func (m *mover) refuses(group string, want *kerr.Error) {
	m.t.Helper()
	c := dialRaw(m.t, m.Broker)
	loading := want == kerr.CoordinatorLoadInProgress
	requests := asked(group, "nobody")
	if loading {
		requests = append(requests, &kmsg.ListGroupsRequest{Version: 4})
	}
	for i, req := range requests {
		c.send(req, int32(i))
		code := codeOf(c.receive(req, int32(i)))
		if _, beat := req.(*kmsg.HeartbeatRequest); beat && loading {
			if code != 0 {
				m.t.Errorf("heartbeat while the shard loads: code %d", code)
			}
			continue
		}
		if code != want.Code {
			m.t.Errorf("%s: code %d, want %v", kmsg.NameForKey(req.Key()), code, want)
		}
	}
}

// movedGroups are the kinds of groups: the options of a client that is a member.
var movedGroups = map[string][]kgo.Opt{
	"classic":  nil,
	"consumer": {kgo.ServerSideBalancer()},
}

// TestForcedMoves moves the coordinator of a group away and back while a member reads and commits. While it is
// nowhere, everything asked about the group is answered NOT_COORDINATOR; while it loads,
// COORDINATOR_LOAD_IN_PROGRESS. The member stays one, reads every record once, and finds its offsets where it
// left them.
func TestForcedMoves(t *testing.T) {
	for name, options := range movedGroups {
		t.Run(name, func(t *testing.T) { moveGroup(t, name, options) })
	}
}

const movesRecords = 300 // between two moves

// commitLater has a member commit again what it has, until that is done.
func commitLater(ctx context.Context, c *kgo.Client) <-chan error {
	done := make(chan error, 1)
	offsets := c.CommittedOffsets()
	go func() {
		var refused error
		c.CommitOffsetsSync(ctx, offsets, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
			if refused = err; err == nil {
				refused = kerr.ErrorForCode(codeOf(resp))
			}
		})
		done <- refused
	}()
	return done
}

func moveGroup(t *testing.T, group string, options []kgo.Opt) {
	m := openMover(t, group)
	topic(t, m.Broker, "read", 3)
	var lost atomic.Int32
	c := client(t, m.Broker, append(options, kgo.ConsumerGroup(group), kgo.ConsumeTopics("read"),
		kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.HeartbeatInterval(50*time.Millisecond), kgo.RetryTimeout(patience),
		kgo.OnPartitionsLost(func(context.Context, *kgo.Client, map[string][]int32) { lost.Add(1) }))...)
	seen := make(map[string]bool)
	read := func(round int) {
		for p := range int32(3) {
			produceN(t, m.Broker, "read", p, fmt.Sprintf("round %d, partition %d, ", round, p), movesRecords/3)
		}
		for _, r := range pollN(t, c, movesRecords) {
			if seen[string(r.Value)] {
				t.Errorf("%q comes again", r.Value)
			}
			seen[string(r.Value)] = true
		}
		if err := c.CommitUncommittedOffsets(limit(t)); err != nil {
			t.Fatalf("commit: %v", err)
		}
	}
	read(0)
	for round := range 5 {
		before := m.committed(group)
		m.lead(m.id + 1)
		m.refuses(group, kerr.NotCoordinator)
		commit := commitLater(limit(t), c)
		m.holdUp()
		m.lead(m.id)
		m.refuses(group, kerr.CoordinatorLoadInProgress)
		m.release()
		if err := <-commit; err != nil {
			t.Errorf("round %d: a commit that was begun while the shard was away: %v", round, err)
		}
		if after := m.committed(group); !maps.Equal(before, after) {
			t.Errorf("round %d: committed %v after the move, %v before", round, after, before)
		}
		read(round + 1)
	}
	if lost.Load() > 0 {
		t.Errorf("the member lost its partitions %d times", lost.Load())
	}
	if id, _ := c.GroupMetadata(); id == "" {
		t.Error("the member is none any more")
	}
}
