package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestQueueDescribe: how many messages a group has before it is told, and in which state.
func TestQueueDescribe(t *testing.T) {
	s := newShell(t)
	s.run("", "topic", "create", "jobs", "-p", "2")
	s.run("", "queue", "set", "workers", "errors.deadletterqueue.topic.name=dlq.jobs", "weir.share.retry.backoff.ms=60000")
	send := func(all ...string) {
		for _, text := range all {
			s.run(text+"\n", "produce", "jobs", "-p", "1")
		}
	}
	send("a")
	describe := func(args ...string) (d struct {
		Dead_letters int64
		Topics       []struct {
			Topic                                        string
			Available, Unseen, In_flight, Delayed, Dying int64
			Partitions                                   []struct{ Available int64 }
		}
	}) {
		t.Helper()
		out := s.run("", append([]string{"queue", "describe", "workers", "--json"}, args...)...)
		if err := json.Unmarshal([]byte(out), &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := describe(); len(d.Topics) != 0 {
		t.Errorf("before it has begun: %+v", d)
	}
	s.run("", "queue", "receive", "jobs", "--group", "workers", "--from-start", "-n", "1", "--ack", "release")
	send("b") // only now: a receiver takes ahead what there is, and releases it when it stops
	s.run("", "queue", "receive", "jobs", "--group", "workers", "-n", "1", "--ack", "reject")
	send("c", "d")
	var last any
	for range 200 { // the letter is written in its own time, and then it is noted that it is
		d := describe("jobs")
		if last = d; d.Dead_letters != 1 || d.Topics[0].Dying > 0 {
			continue
		}
		if got := d.Topics[0]; got.Available != 2 || got.Delayed != 1 || got.In_flight != 0 || got.Dying != 0 || len(got.Partitions) != 2 ||
			got.Partitions[0].Available != 0 || got.Partitions[1].Available != 2 {
			t.Errorf("in the end: %+v", got)
		}
		out := s.run("", "queue", "describe", "workers", "--partitions")
		if !strings.Contains(out, "IN-FLIGHT") || !strings.Contains(out, "dead letters in dlq.jobs: 1") {
			t.Errorf("printed: %s", out)
		}
		if _, err := s.try("", "queue", "describe", "workers", "nope"); code(err) != 3 {
			t.Errorf("an unknown topic: %v", err)
		}
		return
	}
	t.Errorf("no dead letter came: %+v", last)
}
