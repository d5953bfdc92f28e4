package broker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// joining is a JoinGroup request of a consumer that need not know its member id.
func joining(group string, metadata []byte) *kmsg.JoinGroupRequest {
	req := kmsg.NewPtrJoinGroupRequest()
	req.Version, req.Group, req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = 3, group, 30_000, 1000
	req.ProtocolType = "consumer"
	p := kmsg.NewJoinGroupRequestProtocol()
	p.Name, p.Metadata = "range", metadata
	req.Protocols = append(req.Protocols, p)
	return req
}

// beating is the first heartbeat of a member of the consumer protocol.
func beating(group, member string) *kmsg.ConsumerGroupHeartbeatRequest {
	req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	req.Version, req.Group, req.MemberID, req.RebalanceTimeoutMillis = 1, group, member, 1000
	req.SubscribedTopicNames = []string{"t"}
	req.Topics = []kmsg.ConsumerGroupHeartbeatRequestTopic{}
	return req
}

// committing is an OffsetCommit of a group without members.
func committing(group string) *kmsg.OffsetCommitRequest {
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Version, req.Group, req.Generation = 8, group, -1
	topic := kmsg.NewOffsetCommitRequestTopic()
	topic.Topic = "t"
	p := kmsg.NewOffsetCommitRequestTopicPartition()
	p.Offset = 1
	topic.Partitions = append(topic.Partitions, p)
	req.Topics = append(req.Topics, topic)
	return req
}

// asker asks a broker's groups on one connection.
type asker struct {
	*Broker
	t    *testing.T
	conn *rawConn
	n    int32
}

// openGroups opens a broker with a topic t, whose groups can be asked.
func openGroups(t *testing.T, settings ...string) *asker {
	t.Helper()
	b := &asker{Broker: openDir(t, t.TempDir(), append(settings, "group.initial.rebalance.delay.ms=0")...), t: t}
	b.conn = dialRaw(t, b.Broker)
	topic(t, b.Broker, "t", 1)
	find := kmsg.NewPtrFindCoordinatorRequest()
	find.CoordinatorKey = "any"
	if code := b.code(find); code != 0 {
		t.Fatalf("there is no coordinator: %d", code)
	}
	return b
}

// code asks until the coordinator is up, and gives the code of the answer.
func (b *asker) code(req kmsg.Request) int16 {
	t := b.t
	t.Helper()
	for {
		b.n++
		b.conn.send(req, b.n)
		var code int16
		switch resp := b.conn.receive(req, b.n).(type) {
		case *kmsg.FindCoordinatorResponse:
			code = resp.ErrorCode
		case *kmsg.JoinGroupResponse:
			code = resp.ErrorCode
		case *kmsg.ConsumerGroupHeartbeatResponse:
			code = resp.ErrorCode
		case *kmsg.OffsetCommitResponse:
			code = resp.Topics[0].Partitions[0].ErrorCode
		default:
			t.Fatalf("an answer of %T", resp)
		}
		if code < 14 || code > 16 {
			return code
		}
		if limit(t).Err() != nil {
			t.Fatalf("the coordinator does not come up: %d", code)
		}
		time.Sleep(time.Millisecond) // nothing tells the outside that a shard is loaded
	}
}

// TestGroupsAreCapped is B34: however many ids somebody makes up, the groups are bounded, and those that are there go on.
func TestGroupsAreCapped(t *testing.T) {
	b := openGroups(t, "weir.groups.max=3")
	for i := range 3 {
		if got := b.code(committing(fmt.Sprint("g", i))); got != 0 {
			t.Fatalf("commit of group %d answers %d", i, got)
		}
	}
	const policyViolation = 44
	for range 20 {
		for what, req := range map[string]kmsg.Request{"commit": committing("g3"), "join": joining("g4", nil),
			"heartbeat": beating("g5", "m")} {
			if got := b.code(req); got != policyViolation {
				t.Fatalf("%s of one group more answers %d; want %d", what, got, policyViolation)
			}
		}
	}
	if got := b.code(committing("g1")); got != 0 {
		t.Errorf("commit of a group that is there answers %d", got)
	}
	if _, err := admin(t, b.Broker).DeleteGroup(limit(t), "g0"); err != nil {
		t.Fatal(err)
	}
	if got := b.code(committing("g3")); got != 0 {
		t.Errorf("a commit answers %d when a group has gone", got)
	}
}

// TestMetadataIsBounded is B32: 50 MiB of metadata are refused, to the one who sent them alone.
func TestMetadataIsBounded(t *testing.T) {
	b := openGroups(t)
	if got := b.code(beating("g", "m")); got != 0 {
		t.Fatalf("a member is answered %d", got)
	}
	const groupMaxSizeReached = 81
	huge := beating("g", "huge")
	huge.SubscribedTopicNames = nil
	for i := range 2000 { // names that long are no topics, but nothing looks before it is stored
		huge.SubscribedTopicNames = append(huge.SubscribedTopicNames, fmt.Sprint(i, strings.Repeat("x", 25<<10)))
	}
	for what, req := range map[string]kmsg.Request{"join": joining("classic", make([]byte, 50<<20)), "heartbeat": huge} {
		if got := b.code(req); got != groupMaxSizeReached {
			t.Errorf("%s with 50 MiB answers %d; want %d", what, got, groupMaxSizeReached)
		}
	}
	if got := b.code(beating("g", "m")); got != 0 {
		t.Errorf("the member beside is answered %d", got)
	}
}

// TestMembersAreBounded is B32: who joins under a thousand ids gets as many as may be; other groups do not notice.
func TestMembersAreBounded(t *testing.T) {
	const most, groupMaxSizeReached, memberIDRequired = 10, 81, 79
	b := openGroups(t, fmt.Sprint("group.max.size=", most), fmt.Sprint("group.consumer.max.size=", most))
	for i := range 1000 {
		classic, want := joining("classic", nil), int16(memberIDRequired)
		classic.Version = 4
		if i >= most {
			want = groupMaxSizeReached
		}
		if got := b.code(classic); got != want {
			t.Fatalf("join %d answers %d; want %d", i, got, want)
		}
		if i >= most {
			want = groupMaxSizeReached
		} else {
			want = 0
		}
		if got := b.code(beating("consumer", fmt.Sprint("m", i))); got != want {
			t.Fatalf("member %d is answered %d; want %d", i, got, want)
		}
	}
	if got := b.code(beating("other", "m")); got != 0 {
		t.Errorf("another group's member is answered %d", got)
	}
}

// TestHeartbeatFlood: a member that sends heartbeats without end takes nobody's turn, not even in its own group.
func TestHeartbeatFlood(t *testing.T) {
	b := openGroups(t)
	if got := b.code(beating("g", "flood")); got != 0 {
		t.Fatalf("the member is answered %d", got)
	}
	again := beating("g", "flood")
	flood := dialRaw(t, b.Broker)
	const n = 20_000
	done := make(chan int)
	go func() {
		answered := 0
		defer func() { done <- answered }()
		for answered < n {
			if flood.receive(again, int32(answered)) == nil {
				return
			}
			answered++
		}
	}()
	go func() {
		for i := range n {
			flood.send(again, int32(i))
		}
	}()
	for i := range 100 {
		if got := b.code(committing("beside")); got != 0 {
			t.Fatalf("commit %d of another group answers %d", i, got)
		}
		if got := b.code(beating("g", "beside")); got != 0 {
			t.Fatalf("another member is answered %d", got)
		}
	}
	if answered := <-done; answered != n {
		t.Errorf("%d of %d heartbeats were answered", answered, n)
	}
}

// TestBadRegex is B40: an expression that is none is refused.
func TestBadRegex(t *testing.T) {
	b := openGroups(t)
	for regex, want := range map[string]int16{"(a+)+$": 0, "(": 128, "a{5000}": 128, `\1`: 128} {
		req := beating("g"+regex, "m")
		req.SubscribedTopicNames, req.SubscribedTopicRegex = nil, &regex
		if got := b.code(req); got != want {
			t.Errorf("%q answers %d; want %d", regex, got, want)
		}
	}
}
