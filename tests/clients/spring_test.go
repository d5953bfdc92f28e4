//go:build clients

package clients

import (
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"weir/tests/brokers"
)

// spring is spring-kafka behind an agent, at one broker. Its operations:
//
//	answer topic group                              a @KafkaListener with @SendTo answers "spring: " and the question, until the agent ends
//	ask topic reply_topic partition records count wait_ms  a ReplyingKafkaTemplate asks all from so many threads; answers the replies in order.
//	                                                It has its replies as a member of a group, or from a partition other than 0, which it names
type spring struct{ *agent }

func newSpring(t testing.TB, b *brokers.Broker) spring {
	t.Helper()
	root := brokers.MustRoot(t)
	classes := filepath.Join(root, ".cache/spring") + ":" + filepath.Join(root, ".cache/java") + ":" + filepath.Join(root, ".cache/kafka/spring/*")
	return spring{start(t, "spring-kafka", []string{"java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
		"-Dlog4j2.configurationFile=" + brokers.KafkaFile(t, "tools-log4j2.properties"), "-Dtools.log.level=error", "-cp", classes, "SpringAgent", b.Addr})}
}

// asks has n requests sent at once, and checks that each has its own reply.
func (s spring) asks(topic, replies string, partition int32, n int, answer func(question string) string) {
	s.t.Helper()
	var records []record
	for i := range n {
		records = append(records, record{Key: fmt.Append(nil, "key ", i%5), Value: fmt.Append(nil, "question ", i)})
	}
	got := s.do(request{Op: "ask", Topic: topic, ReplyTopic: replies, Partition: partition, Records: records, Count: 8, WaitMs: 60_000}).Records
	for i, r := range got {
		if want := answer(string(records[i].Value)); string(r.Value) != want {
			s.t.Errorf("the reply to %s is %q, want %q", records[i].Value, r.Value, want)
		}
	}
	if len(got) != n {
		s.t.Errorf("%d of %d requests were answered", len(got), n)
	}
}

func bySpring(question string) string { return "spring: " + question }

// TestSpringRequestsAndReplies has a ReplyingKafkaTemplate ask and a @SendTo listener answer, at Weir and at Kafka: many at once, and one that
// nobody answers. At Weir `weir reply` answers it too, and the listener answers `weir request` and who asks over HTTP.
func TestSpringRequestsAndReplies(t *testing.T) {
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			t.Parallel()
			var b *brokers.Broker
			var door string
			if brokerKind == brokers.KindWeir {
				b, door = weirWithDoor(t, map[string]string{"group.share.assignment.interval.ms": "0"})
			} else {
				b = brokers.New(t, brokerKind, nil)
			}
			ref, s := newReference(t, b.Addr), newSpring(t, b)
			asked, replies, unheard := ref.topic("asked", 2, nil), ref.topic("replies", 2, nil), ref.topic("unheard", 1, nil)
			s.do(request{Op: "answer", Topic: asked, Group: "answerers"})
			s.asks(asked, replies, 0, 100, bySpring)
			_, err := s.try(request{Op: "ask", Topic: unheard, ReplyTopic: replies, Records: []record{{Value: []byte("anybody?")}}, Count: 1, WaitMs: 1000})
			if err == nil || !strings.Contains(err.Error(), "KafkaReplyTimeoutException") {
				t.Errorf("a request that nobody answers: %v", err)
			}
			s.asks(asked, replies, 1, 20, bySpring)
			if brokerKind == brokers.KindWeir {
				s.withWeir(b, door, ref, asked, replies)
			}
		})
	}
}

// withWeir has Weir's own commands and its door ask and answer on the other side.
func (s spring) withWeir(b *brokers.Broker, door string, ref *reference, asked, replies string) {
	s.t.Helper()
	for range 2 { // the topic for replies is made by the first
		if got := strings.TrimSpace(weir(s.t, b, "request", asked, "from the shell", "--wait", "60s")); got != bySpring("from the shell") {
			s.t.Errorf("weir request was answered with %q", got)
		}
	}
	q := &queueing{agent: s.agent, door: door}
	var a struct{ Reply struct{ Value string } }
	q.post(asked, "requests", url.Values{"wait_ms": {"30000"}, "reply_topic": {replies}}, map[string]any{"value": "over HTTP"}, &a)
	if a.Reply.Value != bySpring("over HTTP") {
		s.t.Errorf("over HTTP it was answered with %q", a.Reply.Value)
	}

	const questions = 10
	work := ref.topic("work", 2, nil)
	cmd := exec.CommandContext(s.t.Context(), brokers.WeirBinary(s.t), "reply", work, "-g", "shells", "--from-start", "-n", fmt.Sprint(2*questions), "--bootstrap", b.Addr,
		"--", "sed", "s/^/shell: /")
	if err := brokers.StartChild(cmd); err != nil {
		s.t.Fatal(err)
	}
	for partition := range int32(2) {
		s.asks(work, replies, partition, questions, func(question string) string { return "shell: " + question })
	}
	if err := cmd.Wait(); err != nil {
		s.t.Errorf("weir reply: %v", err)
	}
}
