//go:build clients

package clients

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/tests/brokers"
)

// history makes the same groups on every broker that it is played on: members of both protocols, static ones, groups that
// their members left, one that never had any, one of Connect's protocol type, one whose topic went, one deleted.
type history struct {
	t      *testing.T
	broker *brokers.Broker
	ref    *reference
	secret []string // what differs from broker to broker, with what stands for it
	static []*kgo.Client
}

// historyBase is when the history's first record is said to have been written: the same on every broker.
var historyBase = time.Now().Add(-time.Hour).Truncate(time.Second)

// Topics of the history: 3 partitions and 1, with 10 records a partition, one each minute.
const (
	wide   = "history-wide"
	narrow = "history-narrow"
)

func play(t *testing.T, b *brokers.Broker) *history {
	t.Helper()
	h := &history{t: t, broker: b, ref: newReference(t, b.Addr), secret: []string{b.Addr, "BROKER"}}
	h.topic(wide, 3)
	h.topic(narrow, 1)
	h.topic("history-short-lived", 1)

	classic := h.member("classic", "", "", kgo.ConsumeTopics(wide, narrow))
	h.commit(classic, kadm.Offset{Topic: wide, Partition: 0, At: 4, LeaderEpoch: 0, Metadata: "by hand"},
		kadm.Offset{Topic: narrow, Partition: 0, At: 10, LeaderEpoch: -1})
	consumer := h.member("consumer", "consumer", "", kgo.ConsumeTopics(wide, narrow))
	h.commit(consumer, kadm.Offset{Topic: wide, Partition: 1, At: 7, LeaderEpoch: 0},
		kadm.Offset{Topic: narrow, Partition: 0, At: 3, LeaderEpoch: -1})
	h.member("pattern", "consumer", "", kgo.ConsumeTopics("history-(wide|none)"), kgo.ConsumeRegex())
	for _, protocol := range []string{"", "consumer"} {
		for _, instance := range []string{"one", "two"} {
			h.member("static"+protocol, protocol, instance, kgo.ConsumeTopics(wide))
		}
		left := h.member("left"+protocol, protocol, "", kgo.ConsumeTopics(wide))
		h.commit(left, kadm.Offset{Topic: wide, Partition: 0, At: 2, LeaderEpoch: -1},
			kadm.Offset{Topic: wide, Partition: 2, At: 10, LeaderEpoch: -1})
		h.leave(left)
	}
	h.simple("simple", kadm.Offset{Topic: narrow, Partition: 0, At: 5, LeaderEpoch: 0, Metadata: "assigned"},
		kadm.Offset{Topic: wide, Partition: 1, At: 1, LeaderEpoch: -1})
	h.simple("topicless", kadm.Offset{Topic: "history-short-lived", At: 1, LeaderEpoch: -1},
		kadm.Offset{Topic: narrow, Partition: 0, At: 1, LeaderEpoch: -1})
	h.simple("deleted", kadm.Offset{Topic: narrow, At: 1, LeaderEpoch: -1})
	h.connect("workers")
	h.deleteTopic("history-short-lived")
	if _, err := h.ref.adm.DeleteGroup(t.Context(), "deleted"); err != nil {
		t.Fatal(err)
	}
	h.awaitQuiet()
	return h
}

func (h *history) topic(name string, partitions int32) {
	h.t.Helper()
	if got, err := h.ref.adm.CreateTopic(h.t.Context(), partitions, 1, nil, name); err != nil {
		h.t.Fatalf("create %s: %v %v", name, err, got.Err)
	}
	h.ref.awaitTopic(name, partitions)
	var records []*kgo.Record
	for p := range partitions {
		for i := range 10 {
			records = append(records, &kgo.Record{Topic: name, Partition: p, Value: fmt.Appendf(nil, "v%d", i),
				Timestamp: historyBase.Add(time.Duration(i) * time.Minute)})
		}
	}
	if err := h.ref.cl.ProduceSync(h.t.Context(), records...).FirstErr(); err != nil {
		h.t.Fatal(err)
	}
}

// deleteTopic returns once no group has offsets there: in Apache Kafka that is a moment later.
func (h *history) deleteTopic(name string) {
	h.t.Helper()
	if _, err := h.ref.adm.DeleteTopic(h.t.Context(), name); err != nil {
		h.t.Fatal(err)
	}
	await(h.t, 20*time.Second, "the deleted topic's offsets are gone", func() bool {
		got, err := h.ref.adm.FetchOffsets(h.t.Context(), "topicless")
		_, there := got.Lookup(name, 0)
		return err == nil && !there
	})
}

// member joins a group and returns when it has partitions. It stays until the test ends.
func (h *history) member(group, protocol, instance string, more ...kgo.Opt) *kgo.Client {
	h.t.Helper()
	assigned := make(chan struct{}, 100)
	opts := append([]kgo.Opt{kgo.SeedBrokers(h.broker.Addr), kgo.ClientID("client-" + group), kgo.ConsumerGroup(group),
		kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()), kgo.HeartbeatInterval(200 * time.Millisecond),
		kgo.SessionTimeout(30 * time.Second),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, got map[string][]int32) {
			if len(got) > 0 {
				assigned <- struct{}{}
			}
		})}, more...)
	if protocol == "consumer" {
		opts = append(opts, kgo.ServerSideBalancer())
	} else {
		opts = append(opts, kgo.Balancers(kgo.RangeBalancer()))
	}
	if instance != "" {
		opts = append(opts, kgo.InstanceID(instance))
	}
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(cl.CloseAllowingRebalance)
	if instance != "" {
		h.static = append(h.static, cl)
	}
	go func() { // a client acts on a rebalance while it is polled
		for !cl.PollFetches(h.t.Context()).IsClientClosed() && h.t.Context().Err() == nil {
		}
	}()
	select {
	case <-assigned:
	case <-time.After(settle):
		h.t.Fatalf("%s: no partitions for %s within %v", h.broker.Kind, group, settle)
	}
	if instance == "" || protocol == "consumer" {
		id, _ := cl.GroupMetadata()
		stands := "MEMBER-" + group + "-" + instance
		h.secret = append(h.secret, id, stands+strings.Repeat("-", max(0, len(id)-len(stands))))
	}
	return cl
}

func (h *history) commit(cl *kgo.Client, offsets ...kadm.Offset) {
	h.t.Helper()
	commit := map[string]map[int32]kgo.EpochOffset{}
	for _, o := range offsets {
		if commit[o.Topic] == nil {
			commit[o.Topic] = map[int32]kgo.EpochOffset{}
		}
		commit[o.Topic][o.Partition] = kgo.EpochOffset{Epoch: o.LeaderEpoch, Offset: o.At}
	}
	var failed error
	cl.CommitOffsetsSync(h.t.Context(), commit, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest,
		resp *kmsg.OffsetCommitResponse, err error) {
		if failed = err; err != nil {
			return
		}
		for _, t := range resp.Topics {
			for _, p := range t.Partitions {
				if p.ErrorCode != 0 {
					failed = kerr.ErrorForCode(p.ErrorCode)
				}
			}
		}
	})
	if failed != nil {
		h.t.Fatalf("%s: commit: %v", h.broker.Kind, failed)
	}
}

func (h *history) leave(cl *kgo.Client) {
	h.t.Helper()
	if err := cl.LeaveGroupContext(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	cl.CloseAllowingRebalance()
}

// stopStatic ends the static members; for their groups they are away, and may come back.
func (h *history) stopStatic() {
	for _, cl := range h.static {
		cl.CloseAllowingRebalance()
	}
}

// simple commits without a member, as a consumer does that assigns partitions to itself.
func (h *history) simple(group string, offsets ...kadm.Offset) {
	h.t.Helper()
	if err := h.ref.adm.CommitAllOffsets(h.t.Context(), group, kadm.OffsetsFromRecords()); err != nil {
		h.t.Fatal(err)
	}
	all := kadm.Offsets{}
	for _, o := range offsets {
		all.Add(o)
	}
	if err := h.ref.adm.CommitAllOffsets(h.t.Context(), group, all); err != nil {
		h.t.Fatal(err)
	}
}

// connect makes a group of another protocol type, with one member that stays until its session of minutes ends.
func (h *history) connect(group string) {
	h.t.Helper()
	ctx := h.t.Context()
	join := kmsg.NewPtrJoinGroupRequest()
	join.Group, join.ProtocolType = group, "connect"
	join.SessionTimeoutMillis, join.RebalanceTimeoutMillis = 300_000, 300_000
	protocol := kmsg.NewJoinGroupRequestProtocol()
	protocol.Name, protocol.Metadata = "sessioned", []byte{0, 3}
	join.Protocols = append(join.Protocols, protocol)
	joined, err := join.RequestWith(ctx, h.ref.cl)
	if err == nil && joined.ErrorCode == kerr.MemberIDRequired.Code {
		join.MemberID = joined.MemberID
		joined, err = join.RequestWith(ctx, h.ref.cl)
	}
	if err != nil || joined.ErrorCode != 0 {
		h.t.Fatalf("%s: join: %v %v", h.broker.Kind, err, kerr.ErrorForCode(joined.ErrorCode))
	}
	sync := kmsg.NewPtrSyncGroupRequest()
	sync.Group, sync.Generation, sync.MemberID = group, joined.Generation, joined.MemberID
	sync.ProtocolType, sync.Protocol = kmsg.StringPtr("connect"), kmsg.StringPtr("sessioned")
	assignment := kmsg.NewSyncGroupRequestGroupAssignment()
	assignment.MemberID, assignment.MemberAssignment = joined.MemberID, []byte{0, 1}
	sync.GroupAssignment = append(sync.GroupAssignment, assignment)
	if synced, err := sync.RequestWith(ctx, h.ref.cl); err != nil || synced.ErrorCode != 0 {
		h.t.Fatalf("%s: sync: %v", h.broker.Kind, err)
	}
	h.secret = append(h.secret, joined.MemberID, "MEMBER-workers")
}

// awaitQuiet waits until the groups with members are stable and those that were left are empty, and learns what the
// static members of the classic protocol are called.
func (h *history) awaitQuiet() {
	h.t.Helper()
	await(h.t, settle, "every group is stable or empty", func() bool {
		groups, err := h.ref.adm.ListGroups(h.t.Context())
		if err != nil {
			return false
		}
		for _, g := range groups {
			want := "Empty"
			if slices.Contains([]string{"classic", "consumer", "pattern", "static", "staticconsumer", "workers"}, g.Group) {
				want = "Stable"
			}
			if g.State != want {
				return false
			}
		}
		return true
	})
	described, err := h.ref.adm.DescribeGroups(h.t.Context(), "static")
	if err != nil {
		h.t.Fatal(err)
	}
	for _, m := range described["static"].Members {
		if m.InstanceID != nil {
			stands := "MEMBER-static-" + *m.InstanceID
			h.secret = append(h.secret, m.MemberID, stands+strings.Repeat("-", max(0, len(m.MemberID)-len(stands))))
		}
	}
}

// normal replaces what may differ: the broker's address and the members' ids, by words of the same length where columns
// hang on it.
func (h *history) normal(text string) string {
	return strings.NewReplacer(h.secret...).Replace(text)
}
