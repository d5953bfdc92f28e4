package main

import (
	"strings"
	"testing"
	"time"
)

// TestQueueCommands: messages are sent with what delays, names and routes them, received by groups, given up, and redriven.
func TestQueueCommands(t *testing.T) {
	s := newShell(t)
	s.run("", "topic", "create", "jobs", "-p", "1", "-c", "weir.dedup.window.ms=60000")
	s.run("", "queue", "set", "workers", "errors.deadletterqueue.topic.name=dlq.jobs", "weir.share.order=priority")
	s.run("", "queue", "set", "eu", "weir.share.filter=pattern:*.eu", "share.auto.offset.reset=earliest")
	s.run("", "queue", "send", "jobs", "one", "--id", "1", "--routing-key", "a.eu")
	s.run("", "queue", "send", "jobs", "one again", "--id", "1")
	s.run("two\nthree\n", "queue", "send", "jobs")
	s.run("", "queue", "send", "jobs", "first", "--priority", "9")
	s.run("", "queue", "send", "jobs", "dead", "--ttl", "1ms")
	sent := time.UnixMilli(time.Now().UnixMilli()) // records and broker count whole milliseconds
	s.run("", "queue", "send", "jobs", "later", "--delay", "2s")
	receive := func(words ...string) string {
		return strings.Join(strings.Fields(s.run("", append([]string{"queue", "receive", "jobs"}, words...)...)), " ")
	}
	for _, c := range []struct{ words, want string }{
		{"-g workers -n 1 --from-start --ack release", "first"},
		{"-g workers -n 2 --ack accept", "one first"}, // of those that come together the oldest stands first
		{"-g workers -n 1 --ack reject", "two"},
		{"-g workers -n 2 --ack accept", "three later"},
		{"-g eu -n 1", "one"},
	} {
		if got := receive(strings.Fields(c.words)...); got != c.want {
			t.Fatalf("queue receive %s: %s; want %s", c.words, got, c.want)
		}
	}
	if took := time.Since(sent); took < 2*time.Second {
		t.Errorf("the delayed message came after %s", took)
	}
	out := s.run("", "dlq", "show", "dlq.jobs")
	if strings.Count(out, "\n") != 3 || !strings.Contains(out, `"two"`) || !strings.Contains(out, `"dead"`) {
		t.Errorf("the dead letters are\n%s", out)
	}
	s.run("", "dlq", "redrive", "dlq.jobs", "--all")
	if got := receive("-g", "workers", "-n", "1"); got != "two" {
		t.Errorf("redriven: %s", got)
	}
	for _, words := range []string{"queue send jobs x --priority 10", "queue send jobs x --delay 1s --at 5", "queue receive jobs",
		"queue receive jobs -g g --ack maybe", "queue set g"} {
		if _, err := s.try("", strings.Fields(words)...); code(err) != 2 {
			t.Errorf("weir %s: %v; want exit code 2", words, err)
		}
	}
	if _, err := s.try("", "queue", "set", "g", "weir.share.filter=key =="); code(err) != 1 || !strings.Contains(err.Error(), "1:7") {
		t.Errorf("a bad filter: %v", err)
	}
}
