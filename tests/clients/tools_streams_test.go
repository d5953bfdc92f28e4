//go:build clients

package clients

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/tests/brokers"
)

// patientStreams lets members of streams groups be silent while tools run, and moves them at once.
var patientStreams = map[string]string{
	"group.streams.max.session.timeout.ms":     "600000",
	"group.streams.session.timeout.ms":         "600000",
	"group.streams.initial.rebalance.delay.ms": "0",
	"group.streams.assignment.interval.ms":     "0",
	"offsets.topic.num.partitions":             "1",
}

// TestStreamsTools gives Weir and Apache Kafka the same history of streams groups, and has kafka-streams-groups, the application reset
// tool, Kafka's decoder of records and weir's own commands print the same of both, line for line.
func TestStreamsTools(t *testing.T) {
	t.Parallel()
	p := &pair{dir: t.TempDir()}
	for _, kind := range brokerKinds {
		p.sides = append(p.sides, playStreams(t, brokers.New(t, kind, patientStreams)))
	}
	host := start(t, "kafka-tools", javaTool(t, "ToolHost"))
	for _, c := range []struct {
		name string
		run  func(*pair)
	}{
		{"records", (*pair).streamsRecords},
		{"list and describe", (*pair).describeStreams},
		{"weir group", (*pair).weirStreams},
		{"reset", (*pair).resetStreams},
		{"delete offsets", (*pair).deleteStreamsOffsets},
		{"application reset", (*pair).resetApplication},
		{"delete", (*pair).deleteStreams},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(&pair{t: t, host: host.on(t), sides: p.sides, dir: p.dir}) })
	}
}

// playStreams makes streams groups: one that runs on two processes with a standby task each, two that ran, one whose source is not there.
func playStreams(t *testing.T, b *brokers.Broker) *history {
	t.Helper()
	h := &history{t: t, broker: b, ref: newReference(t, b.Addr), secret: []string{b.Addr, "BROKER"}}
	h.topic("streams-in", 2)
	h.ref.groupSettings("app", "streams.num.standby.replicas=1")
	await(t, settle, "the groups have a coordinator", func() bool {
		_, err := h.ref.adm.FetchOffsets(t.Context(), "app")
		return err == nil
	})
	for _, group := range []string{"app", "left", "old"} {
		m1, m2 := h.streamsMember(group, "m1", "streams-in"), h.streamsMember(group, "m2", "streams-in")
		m1.settle(m2, 6)
		for _, m := range []*streamsMember{m1, m2} {
			m.commit()
			if group != "app" {
				m.leave()
			}
		}
	}
	h.streamsMember("waiting", "m1", "streams-nowhere").beat()
	return h
}

// streamsMember is a member of a streams group that does nothing but what it is told.
type streamsMember struct {
	*history
	group, id, source string
	epoch             int32
	active, copies    []kmsg.TaskIDs
}

func (h *history) streamsMember(group, id, source string) *streamsMember {
	return &streamsMember{history: h, group: group, id: id, source: source}
}

// topology counts what the source has, by way of a repartition topic, and keeps counts in a changelog.
func (m *streamsMember) topology() *kmsg.StreamsGroupHeartbeatRequestTopology {
	again, counts := kmsg.NewTopicInfo(), kmsg.NewTopicInfo()
	again.Topic, counts.Topic = m.group+"-again-repartition", m.group+"-counts-changelog"
	counts.Configs = []kmsg.TopicInfoConfig{{Key: "cleanup.policy", Value: "compact"}}
	return &kmsg.StreamsGroupHeartbeatRequestTopology{Subtopologies: []kmsg.StreamsGroupHeartbeatRequestTopologySubtopology{
		{SubtopologyID: "0", SourceTopics: []string{m.source}, RepartitionSinkTopics: []string{again.Topic}},
		{SubtopologyID: "1", RepartitionSourceTopics: []kmsg.TopicInfo{again}, StateChangelogTopics: []kmsg.TopicInfo{counts}},
	}}
}

// beat joins, or goes on with all that it was given, and tells whether the group runs.
func (m *streamsMember) beat() (runs bool) {
	m.t.Helper()
	req := kmsg.NewPtrStreamsGroupHeartbeatRequest()
	req.Group, req.MemberID, req.MemberEpoch, req.RebalanceTimeoutMillis = m.group, m.id, m.epoch, 300_000
	req.ActiveTasks, req.StandbyTasks, req.WarmupTasks = []kmsg.TaskIDs{}, []kmsg.TaskIDs{}, []kmsg.TaskIDs{}
	if m.epoch == 0 {
		process := "process-of-" + m.id
		req.ProcessID, req.Topology = &process, m.topology()
		if m.source == "streams-in" { // Kafka fails if a member has one whose topology cannot run
			req.UserEndpoint = &kmsg.StreamsGroupHeartbeatRequestUserEndpoint{Host: m.id, Port: 80}
		}
		req.ClientTags = []kmsg.StreamsGroupHeartbeatRequestClientTag{{Key: "zone", Value: "z"}}
	} else if m.epoch > 0 {
		req.ActiveTasks, req.StandbyTasks = append(req.ActiveTasks, m.active...), append(req.StandbyTasks, m.copies...)
	}
	answer, err := m.ref.cl.SeedBrokers()[0].Request(m.t.Context(), req) // franz-go does not know whose it is
	if err != nil {
		m.t.Fatalf("%s: heartbeat of %s: %v", m.broker.Kind, m.id, err)
	}
	resp := answer.(*kmsg.StreamsGroupHeartbeatResponse)
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		m.t.Fatalf("%s: heartbeat of %s: %v", m.broker.Kind, m.id, err)
	}
	m.epoch = resp.MemberEpoch
	if resp.ActiveTasks != nil {
		m.active, m.copies = resp.ActiveTasks, resp.StandbyTasks
	}
	return len(resp.Status) == 0
}

func (m *streamsMember) leave() {
	m.t.Helper()
	m.epoch = -1
	m.beat()
}

// settle has both join once the first's internal topics are there, and beat until nothing moves any more.
func (m *streamsMember) settle(other *streamsMember, rounds int) {
	m.t.Helper()
	m.beat()
	for _, topic := range []string{m.group + "-again-repartition", m.group + "-counts-changelog"} {
		m.ref.awaitTopic(topic, 2)
	}
	await(m.t, 20*time.Second, "the topology runs", m.beat)
	for range rounds {
		other.beat()
		m.beat()
	}
}

// commit commits for every partition of which the member has an active task: 4 of the source, 0 of the repartition topic, which is empty.
func (m *streamsMember) commit() {
	m.t.Helper()
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.MemberID, req.Generation = m.group, m.id, m.epoch
	for _, t := range m.active {
		topic, offset := kmsg.NewOffsetCommitRequestTopic(), int64(4)
		if topic.Topic = m.source; t.SubtopologyID == "1" {
			topic.Topic, offset = m.group+"-again-repartition", 0
		}
		topic.TopicID = m.ref.topicID(topic.Topic)
		for _, p := range t.Partitions {
			part := kmsg.NewOffsetCommitRequestTopicPartition()
			part.Partition, part.Offset, part.LeaderEpoch = p, offset, -1
			topic.Partitions = append(topic.Partitions, part)
		}
		req.Topics = append(req.Topics, topic)
	}
	resp, err := req.RequestWith(m.t.Context(), m.ref.cl)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if p.ErrorCode != 0 {
				m.t.Fatalf("%s: commit of %s: %v", m.broker.Kind, m.id, kerr.ErrorForCode(p.ErrorCode))
			}
		}
	}
}

func (r *reference) topicID(name string) [16]byte {
	r.t.Helper()
	topics, err := r.adm.ListTopics(r.t.(*testing.T).Context(), name)
	if err != nil {
		r.t.Fatal(err)
	}
	return topics[name].ID
}

// streamsRecords has Kafka's decoder read the records of the groups.
func (p *pair) streamsRecords() {
	p.segmentsOf(`"group":"app"`, `"processId":"process-of-m1"`, `"standbyTasks":\[\{`, `"topic":"streams-in"`, `"subtopologies":\[\{`,
		`"validatedTopologyEpoch":0`, `"key":"num.standby.replicas"`)
}

const streamsGroups = "kafka-streams-groups --bootstrap-server BROKER "

func (p *pair) describeStreams() {
	p.same(streamsGroups+"--list", `(?m)^app$`, `(?m)^left$`, `(?m)^waiting$`)
	p.same(streamsGroups+"--list --state", `app +Stable`, `left +Empty`, `waiting +NotReady`)
	p.same(streamsGroups+"--list --state stable,empty", `old`)
	p.same(kafkaGroups+"--list --streams", `app +Streams +streams`)
	p.same(consumerGroups+"--describe --group app", "app")
	for _, what := range []string{"", "--offsets", "--members", "--state"} {
		for _, group := range []string{"--group app --group left", "--group waiting", "--all-groups", "--group never", "--group old"} {
			p.same(streamsGroups+"--describe "+what+" "+group, "exit")
			p.same(streamsGroups+"--describe --verbose "+what+" "+group, "exit")
		}
	}
	p.same(streamsGroups+"--describe --offsets --group app", `app +streams-in +0 +6`)
	p.same(streamsGroups+"--describe --members --verbose --group app", `app +\d+ +0 +m1 .*ACTIVE:.*0:\[`)
}

func (p *pair) weirStreams() {
	p.weir("group list --type streams", `app +Stable +streams`, `waiting +NotReady`)
	p.weir("group describe app", `streams-in +0 +4 +10 +6 .*m1`, `app-again-repartition:2 +app-counts-changelog:2`,
		`m1 +process-of-m1 +\d+ +0_\d,1_\d +1_\d`)
	p.weir("group describe --json app left", `"process": ?"process-of-m1"`)
	p.weir("group describe left", `streams-in +1 +4 +10 +6`)
	p.weir("group describe waiting", `state NotReady`)
	p.weir("group reset left --to start --dry-run", `streams-in +0 +4 +0`)
	p.weir("group reset app --to start", "exit 1")
	p.weir("group delete app", "exit 1")
}

func (p *pair) resetStreams() {
	const of = streamsGroups + "--reset-offsets "
	stamp := historyBase.Add(3 * time.Minute).UTC().Format("2006-01-02T15:04:05.000")
	for _, to := range []struct{ way, row string }{
		{"--to-offset 6", `left +streams-in +0 +6`}, {"--shift-by 2", `left +streams-in +0 +8`}, {"--to-earliest", `left +streams-in +0 +0`},
		{"--to-datetime " + stamp, `left +streams-in +0 +3`}, {"--to-current", `left +streams-in +0 +3`}, {"--to-latest", `left +streams-in +0 +10`},
		{"--by-duration PT0S", `left +streams-in +0 +10`},
	} {
		p.same(of+"--group left --input-topic streams-in "+to.way+" --dry-run", to.row)
		p.same(of+"--group left --input-topic streams-in "+to.way+" --execute", to.row)
		p.weir("group describe left", strings.TrimPrefix(to.row, "left +")) // the tool says nothing of groups without members
	}
	p.same(of+"--group left --all-input-topics --to-offset 4 --execute", "streams-in +1 +4")
	p.same(of+"--group app --all-input-topics --to-earliest --execute", "is inactive, but the current state is Stable")
	p.same(of+"--group never --all-input-topics --to-earliest --execute", "exit")
	p.same(of+"--group left --input-topic absent --to-earliest --dry-run", "exit")
	p.same(of+"--group left --input-topic streams-in:1 --to-earliest --execute --delete-internal-topic left-counts-changelog", "exit")
	p.same("kafka-topics --bootstrap-server BROKER --list", "app-counts-changelog")
}

func (p *pair) deleteStreamsOffsets() {
	p.same(streamsGroups+"--delete-offsets --group left --input-topic streams-in:1", `streams-in +1 +Successful`)
	p.same(streamsGroups+"--delete-offsets --group left --input-topic absent", "UnknownTopicOrPartition")
	p.same(streamsGroups+"--delete-offsets --group app --input-topic streams-in", "GroupSubscribedToTopic")
	p.same(streamsGroups+"--delete-offsets --group never --input-topic streams-in", "GroupIdNotFound")
	p.same(streamsGroups+"--delete-offsets --group left --all-input-topics", `streams-in +0 +Successful`)
	p.same(streamsGroups+"--describe --offsets --group left --group app", "app")
}

// resetApplication is the older tool, for applications of the classic protocol.
func (p *pair) resetApplication() {
	const reset = "kafka-streams-application-reset --bootstrap-server BROKER --application-id "
	for _, id := range []string{"old", "app", "never"} {
		p.same(reset+id+" --input-topics streams-in --dry-run", "Partition: 1 Offset: 0", `internal topics \[`)
		p.same(reset+id+" --input-topics streams-in", map[string]string{"app": "CommitFailed", "old": "old-counts-changelog", "never": "exit 0"}[id])
		p.same(reset+id+" --input-topics streams-absent --to-latest", "not found, skipping")
	}
	p.same("kafka-topics --bootstrap-server BROKER --list", "streams-in")
	p.same(streamsGroups+"--describe --offsets --group old", "exit")
}

func (p *pair) deleteStreams() {
	p.same(streamsGroups+"--delete --group app", "GroupNotEmpty")
	p.same(streamsGroups+"--delete --group left --group never", `deleted successfully: 'left'`)
	p.same(streamsGroups+"--delete --all-groups --delete-all-internal-topics", `deleted successfully: 'old'`)
	p.same(streamsGroups+"--list", "app")
	p.same("kafka-topics --bootstrap-server BROKER --list", "streams-in")
}
