package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// deadJobs makes a topic jobs, one for its dead letters, and n of these, of all its partitions.
func (s *shell) deadJobs(n int, more ...string) (values []string) {
	s.t.Helper()
	s.run("", append([]string{"topic", "create", "jobs", "-p", "4"}, more...)...)
	s.run("", "topic", "create", "dlq.jobs", "-p", "4", "-c", "errors.deadletterqueue.group.enable=true")
	s.run("", "queue", "set", "pay", "errors.deadletterqueue.topic.name=dlq.jobs")
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.bootstrap), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		s.t.Fatal(err)
	}
	defer cl.Close()
	var letters []*kgo.Record
	for i := range n {
		r := &kgo.Record{Topic: "dlq.jobs", Partition: int32(i % 4), Value: fmt.Appendf(nil, "m%04d", i)}
		for name, text := range map[string]string{"topic": "jobs", "partition": fmt.Sprint(i % 4), "offset": fmt.Sprint(i), "group": "pay",
			"delivery.count": "5", "message": "rejected"} {
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: "__dlq.errors." + name, Value: []byte(text)})
		}
		letters, values = append(letters, r), append(values, string(r.Value))
	}
	if err := cl.ProduceSync(s.t.Context(), letters...).FirstErr(); err != nil {
		s.t.Fatal(err)
	}
	return values
}

// redriveHTTP redrives over HTTP.
func (s *shell) redriveHTTP(body string) (status, n int, err error) {
	resp, err := http.Post(s.http+"/v1/queues/jobs/dead-letters/redrive?group=pay", "application/json", strings.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	var out struct{ Redriven int }
	err = json.NewDecoder(resp.Body).Decode(&out)
	return resp.StatusCode, out.Redriven, err
}

// jobs are the values of the topic jobs, sorted.
func (s *shell) jobs() []string {
	s.t.Helper()
	all := strings.Fields(s.run("", "consume", "jobs", "--end", "-f", `%v\n`))
	slices.Sort(all)
	return all
}

// TestRedriveByBothDoors: whoever redrives at once, by the command and over HTTP, each letter is sent again once.
func TestRedriveByBothDoors(t *testing.T) {
	s := newShell(t, "weir.http.listener=127.0.0.1:0")
	want := s.deadJobs(1000)
	var mu sync.Mutex
	sent := map[string]int{} // by door; mu guards it
	turns := make(chan struct{}, len(want))
	began := make(chan struct{}) // closed when HTTP has had its first turn: commands could be done before
	first := sync.OnceFunc(func() { close(began) })
	by := func(door string, redrive func() (int, error), turn func()) *sync.WaitGroup {
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				for {
					n, err := redrive()
					if err != nil {
						t.Errorf("%s: %v", door, err)
					}
					if n == 0 {
						return
					}
					mu.Lock()
					sent[door] += n
					mu.Unlock()
					turn()
				}
			})
		}
		return &both
	}
	http := by("http", func() (int, error) {
		for {
			status, n, err := s.redriveHTTP(`{"all": true, "max": 70}`)
			if err != nil || status == http.StatusOK {
				return n, err
			}
			if status != http.StatusServiceUnavailable {
				return 0, fmt.Errorf("status %d", status)
			}
		}
	}, func() { first(); <-turns }) // it would have it all to itself
	commands := by("weir dlq", func() (int, error) {
		out, err := s.try("", "dlq", "redrive", "dlq.jobs", "--group", "pay", "-n", "70", "--json")
		if err != nil {
			return 0, err
		}
		var told struct{ Redriven int }
		return told.Redriven, errors.Join(err, json.Unmarshal([]byte(out), &told))
	}, func() { turns <- struct{}{}; <-began })
	commands.Wait()
	close(turns)
	http.Wait()
	t.Logf("redriven: %v", sent)
	if got := s.jobs(); !slices.Equal(got, want) {
		t.Errorf("%d messages came back, want %d once each", len(got), len(want))
	}
	if sent["http"]+sent["weir dlq"] != len(want) || sent["http"] == 0 || sent["weir dlq"] == 0 {
		t.Errorf("redriven: %v, want %d by both together", sent, len(want))
	}
}

// hold makes a member the one who redrives, or says what else of it. The coordinator may only be about to be there.
func (s *shell) hold(cl *kgo.Client, member string, epoch int32) *kmsg.ConsumerGroupHeartbeatResponse {
	s.t.Helper()
	req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	req.Group, req.MemberID, req.MemberEpoch, req.InstanceID = "weir-dlq.dlq.jobs", member, epoch, kmsg.StringPtr("redrive")
	req.RebalanceTimeoutMillis, req.SubscribedTopicNames = 60_000, []string{"dlq.jobs"}
	req.Topics = []kmsg.ConsumerGroupHeartbeatRequestTopic{}
	for {
		resp, err := req.RequestWith(s.t.Context(), cl)
		if err != nil {
			s.t.Fatal(err)
		}
		if !kerr.IsRetriable(kerr.ErrorForCode(resp.ErrorCode)) {
			return resp
		}
	}
}

// TestRedriverThatDied: who died in the middle of a redrive keeps others from it until its session is over, and can keep nothing after
// that. A broker's own door does not wait for what it was before it died.
func TestRedriverThatDied(t *testing.T) {
	s := newShell(t, "weir.http.listener=127.0.0.1:0", "weir.http.max.wait.ms=1000", "group.consumer.min.session.timeout.ms=1000",
		"group.consumer.session.timeout.ms=4000", "group.consumer.min.heartbeat.interval.ms=100", "group.consumer.heartbeat.interval.ms=500")
	want := s.deadJobs(3)
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.bootstrap))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	brokers, err := kadm.NewClient(cl).ListBrokers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if resp := s.hold(cl, fmt.Sprint("weir-http-", brokers[0].NodeID), 0); resp.ErrorCode != 0 {
		t.Fatalf("the door before it died: %+v", resp)
	}
	if status, n, err := s.redriveHTTP(`{"ids": ["0:0"]}`); err != nil || status != http.StatusOK || n != 1 {
		t.Fatalf("the door after that: status %d, %d redriven, %v", status, n, err)
	}
	dead := s.hold(cl, "dead", 0)
	if dead.ErrorCode != 0 {
		t.Fatalf("one who will die: %+v", dead)
	}
	died := time.Now()
	if _, err := s.try("", "dlq", "redrive", "dlq.jobs", "--all", "--wait", "10ms"); err == nil || !strings.Contains(err.Error(), "under way") {
		t.Errorf("while it is a member: %v", err)
	}
	if out := s.run("", "dlq", "redrive", "dlq.jobs", "--all", "--dry-run"); !strings.Contains(out, "would have been redriven 2") {
		t.Errorf("a dry run, while it is a member: %s", out)
	}
	if status, _, err := s.redriveHTTP(`{"all": true}`); status != http.StatusServiceUnavailable && time.Since(died) < 3*time.Second {
		t.Errorf("over HTTP, while it is a member: status %d, %v", status, err)
	}
	if out := s.run("", "dlq", "redrive", "dlq.jobs", "--all"); !strings.Contains(out, "redriven 2  left 0") {
		t.Errorf("after its session: %s", out)
	}
	commit := kmsg.NewPtrOffsetCommitRequest()
	commit.Group, commit.MemberID, commit.Generation, commit.InstanceID = "weir-dlq.dlq.jobs", "dead", dead.MemberEpoch, kmsg.StringPtr("redrive")
	topics, err := kadm.NewClient(cl).ListTopics(t.Context(), "dlq.jobs")
	if err != nil {
		t.Fatal(err)
	}
	topic := kmsg.NewOffsetCommitRequestTopic()
	topic.Topic, topic.TopicID = "dlq.jobs", topics["dlq.jobs"].ID
	topic.Partitions = append(topic.Partitions, kmsg.NewOffsetCommitRequestTopicPartition())
	commit.Topics = append(commit.Topics, topic)
	resp, err := commit.RequestWith(t.Context(), cl)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Topics[0].Partitions[0].ErrorCode == 0 {
		t.Error("who died could keep what it had redriven")
	}
	if got := s.jobs(); !slices.Equal(got, want) {
		t.Errorf("came back: %v, want %v", got, want)
	}
}

// TestRedrivenTwice: where it is forgotten that letters were redriven, a topic that knows message ids takes their records once.
func TestRedrivenTwice(t *testing.T) {
	s := newShell(t, "weir.http.listener=127.0.0.1:0")
	want := s.deadJobs(8, "-c", "weir.dedup.window.ms=3600000")
	if out := s.run("", "dlq", "redrive", "dlq.jobs", "--all", "--keep"); !strings.Contains(out, "redriven 8  left 0") {
		t.Errorf("the first time: %s", out)
	}
	s.run("", "group", "delete", "weir-dlq.dlq.jobs")
	if status, n, err := s.redriveHTTP(`{"all": true, "keep": true}`); err != nil || status != http.StatusOK || n != 8 {
		t.Errorf("the second time: status %d, %d redriven, %v", status, n, err)
	}
	s.run("", "group", "delete", "weir-dlq.dlq.jobs")
	if out := s.run("", "dlq", "redrive", "dlq.jobs", "--all"); !strings.Contains(out, "redriven 8  left 0") {
		t.Errorf("the third time: %s", out)
	}
	for i := range 4 { // the offsets of what fell away are empty: something must follow to read up to
		s.run("~\n", "produce", "jobs", "-p", fmt.Sprint(i))
		want = append(want, "~")
	}
	if got := s.jobs(); !slices.Equal(got, want) {
		t.Errorf("came back: %v, want %v", got, want)
	}
}
