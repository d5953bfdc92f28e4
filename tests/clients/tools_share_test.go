//go:build clients

package clients

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/tests/brokers"
)

const shareTool = "kafka-share-groups --bootstrap-server BROKER "

// TestShareGroupTools gives Weir and Apache Kafka the same share groups, and has Kafka's tools and weir's commands print the
// same of both, line for line.
func TestShareGroupTools(t *testing.T) {
	t.Parallel()
	p := &pair{t: t, host: start(t, "kafka-tools", javaTool(t, "ToolHost"))}
	for _, kind := range brokerKinds {
		b := brokers.New(t, kind, map[string]string{"share.coordinator.state.topic.replication.factor": "1",
			"share.coordinator.state.topic.min.isr": "1", "group.share.assignment.interval.ms": "0",
			"group.share.max.session.timeout.ms": "600000", "group.share.session.timeout.ms": "600000"}) // nobody sends heartbeats
		h := &history{t: t, broker: b, ref: newReference(t, b.Addr), secret: []string{b.Addr, "BROKER"}}
		h.topic(wide, 3)
		h.topic(narrow, 1)
		h.sharer("probe", "member", wide, narrow) // a coordinator that learns of the topics later begins more epochs
		h.beat("probe", "member", -1)
		if _, err := h.ref.adm.DeleteGroup(t.Context(), "probe"); err != nil {
			t.Fatal(err)
		}
		h.sharer("alone", "the-only-one", wide, narrow)
		h.sharer("crowd", "one", narrow)
		h.sharer("crowd", "another", narrow)
		h.sharer("left", "who-left", wide)
		h.beat("left", "who-left", -1)
		h.simple("simple", kadm.Offset{Topic: narrow, Partition: 0, At: 5, LeaderEpoch: 0})
		p.sides = append(p.sides, h)
	}
	p.shareLists()
	p.shareDescriptions()
	p.shareRecords()
	p.shareConfigs()
	p.shareOffsets()
	p.shareDeletions()
}

// beat is a heartbeat of a share group's member.
func (h *history) beat(group, member string, epoch int32, topics ...string) *kmsg.ShareGroupHeartbeatResponse {
	h.t.Helper()
	req := kmsg.NewPtrShareGroupHeartbeatRequest()
	req.GroupID, req.MemberID, req.MemberEpoch = group, member, epoch
	if len(topics) > 0 {
		req.SubscribedTopicNames = topics
	}
	resp, err := req.RequestWith(h.t.Context(), h.ref.cl)
	if err != nil || resp.ErrorCode != 0 {
		h.t.Fatalf("%s: heartbeat of %s in %s: %v %+v", h.broker.Kind, member, group, err, resp)
	}
	return resp
}

// sharer joins a share group, and returns when it has partitions and no newer epoch comes.
func (h *history) sharer(group, member string, topics ...string) {
	h.t.Helper()
	var resp *kmsg.ShareGroupHeartbeatResponse
	await(h.t, settle, member+" joins "+group, func() bool { // until the broker's coordinator is there and knows the topics
		req := kmsg.NewPtrShareGroupHeartbeatRequest()
		req.GroupID, req.MemberID, req.SubscribedTopicNames = group, member, topics
		var err error
		resp, err = req.RequestWith(h.t.Context(), h.ref.cl)
		return err == nil && resp.ErrorCode == 0
	})
	has := 0
	await(h.t, settle, member+" has partitions of all its topics", func() bool {
		if resp.Assignment != nil {
			has = len(resp.Assignment.TopicPartitions)
		}
		epoch := resp.MemberEpoch
		resp = h.beat(group, member, epoch)
		return resp.MemberEpoch == epoch && resp.Assignment == nil && has == len(topics)
	})
}

func (p *pair) shareLists() {
	p.same(shareTool+"--list", "(?m)^alone$", "(?m)^left$")
	p.same(shareTool+"--list --state", `crowd +Stable`, `left +Empty`)
	p.same(shareTool+"--list --state empty", "left")
	p.same(shareTool+"--list --state Stable,Empty", "left", "crowd")
	p.same(shareTool+"--list --state Dead", "exit")
	p.same(shareTool+"--list --state preparing", "exit 1")
	p.same(kafkaGroups+"--list", `alone +Share +share`, `simple +Classic`)
	p.same(kafkaGroups+"--list --share", "alone")
	p.same(kafkaGroups+"--list --group-type share", "alone")
	p.same(kafkaGroups+"--list --protocol share", "alone")
	p.same(consumerGroups+"--list", "simple")
	p.weir("group list", `alone +Stable +share`, `left +Empty +share`)
	p.weir("group list --type share", "alone")
	p.weir("group list --type share --state Empty --json", `"group": ?"left"`)
}

func (p *pair) shareDescriptions() {
	for _, group := range []string{"alone", "crowd", "left", "simple", "never"} {
		for _, what := range []string{" --members", " --members --verbose", " --state", " --state --verbose"} {
			p.same(shareTool+"--describe --group "+group+what, group)
		}
		p.same(consumerGroups+"--describe --group "+group, group)
	}
	p.same(shareTool+"--describe --all-groups --members", "the-only-one", "another")
	p.same(shareTool+"--describe --group alone --members --verbose", `alone +the-only-one .*history-narrow:0;history-wide:0,1,2`)
	p.same(shareTool+"--describe --group crowd --state", `crowd +.*Stable +2`)
}

// shareRecords has Kafka's decoder of segments read what both brokers keep about share groups.
func (p *pair) shareRecords() {
	p.t.Helper()
	var seen []string
	for _, h := range p.sides {
		out := (&tools{p.host, h.broker}).run("kafka-dump-log --offsets-decoder --files " + strings.Join(offsetSegments(p, h.broker), ","))
		seen = append(seen, p.latest(out))
	}
	p.compare("kafka-dump-log --offsets-decoder", seen, []string{`"group(Id)?":"alone"`, `"initializedTopics":\[\{"partitions":\[0,1,2\]`,
		`"subscribedTopicNames":\["history-narrow","history-wide"\]`, `"assignmentEpoch"`})
}

func (p *pair) shareConfigs() {
	const of = "kafka-configs --bootstrap-server BROKER --entity-type groups "
	p.same(of+"--alter --entity-name alone --add-config share.record.lock.duration.ms=20000,share.auto.offset.reset=earliest,"+
		"share.isolation.level=read_committed", "Completed")
	p.same(of+"--describe --entity-name alone", "share.record.lock.duration.ms=20000", "share.isolation.level=read_committed")
	for refused, says := range map[string]string{"share.record.lock.duration.ms=14999": "must be in the range 15000 to 60000 inclusive",
		"share.auto.offset.reset=never": "The value must be either", "share.delivery.count.limit=11": "must be in the range 2 to 10"} {
		p.same(of+"--alter --entity-name alone --add-config "+refused, says)
	}
	p.same(of+"--alter --entity-name alone --delete-config share.isolation.level", "Completed")
	p.same(of+"--describe --entity-name alone", "share.auto.offset.reset=earliest")
}

// shareOffsets moves the starts of groups that nobody is in, and forgets them.
func (p *pair) shareOffsets() {
	const left = shareTool + "--reset-offsets --group left "
	p.same(shareTool+"--describe --group alone", `alone +history-wide +0 +-`)
	p.same(shareTool+"--describe --all-groups --offsets --verbose", `crowd +history-narrow +0`)
	p.same(left+"--to-earliest --all-topics --dry-run", `left +history-wide +2 +0`)
	p.same(left+"--to-earliest --all-topics --execute", `left +history-wide +2 +0`)
	p.same(shareTool+"--describe --group left", `left +history-wide +2 +0 +10`)
	p.same(left+"--to-latest --topic history-wide:1 --execute", `left +history-wide +1 +10`)
	p.same(left+"--to-datetime "+historyBase.Add(4*time.Minute).UTC().Format("2006-01-02T15:04:05.000")+" --topic history-wide:0 --execute",
		`left +history-wide +0 +4`)
	p.same(shareTool+"--describe --group left --offsets --verbose", `left +history-wide +1 +0 +10 +0`, `left +history-wide +0 +0 +4 +6`)
	p.same(shareTool+"--reset-offsets --group alone --to-earliest --all-topics --execute", "exit")
	p.same(shareTool+"--delete-offsets --group alone --topic history-wide", "exit")
	p.same(shareTool+"--delete-offsets --group left --topic history-wide --topic history-narrow --topic never", `history-wide +Successful`)
	p.same(shareTool+"--describe --group left", "left")
	p.same(left+"--to-earliest --topic history-narrow --execute", `left +history-narrow +0 +0`)
	p.same(shareTool+"--reset-offsets --group begun-by-this --to-latest --topic history-narrow --execute", "exit")
	p.weir("group describe left", `history-narrow +0 +0 +10 +10`)
	p.weir("group describe left --json", `"protocol_type": ?"share"`)
	p.weir("group describe never", "exit 3")
}

func (p *pair) shareDeletions() {
	p.same(shareTool+"--delete --group alone", "not empty|NON_EMPTY|exit")
	p.same(shareTool+"--delete --group never", "never")
	p.same(shareTool+"--delete --group simple", "simple")
	p.same(shareTool+"--delete --group left", "successful")
	p.same(shareTool+"--delete --group left", "left")
	p.same(shareTool+"--list", "crowd")
	for _, h := range p.sides {
		h.beat("crowd", "one", -1)
		h.beat("crowd", "another", -1)
		h.beat("alone", "the-only-one", -1)
	}
	p.same(shareTool+"--delete --all-groups", "successful")
	p.weir("group list --type share", "GROUP|exit")
}
