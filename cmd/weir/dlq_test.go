package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// die writes a dead letter as a share group does.
func (s *shell) die(topic, group string, offset int, reason, key, value string, headers ...string) {
	s.t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.bootstrap), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		s.t.Fatal(err)
	}
	defer cl.Close()
	r := &kgo.Record{Topic: topic, Key: []byte(key), Value: []byte(value)}
	head := append([]string{"__dlq.errors.topic=jobs", "__dlq.errors.partition=1", fmt.Sprint("__dlq.errors.offset=", offset),
		"__dlq.errors.group=" + group, "__dlq.errors.delivery.count=5", "__dlq.errors.message=" + reason}, headers...)
	for _, h := range head {
		name, text, _ := strings.Cut(h, "=")
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: name, Value: []byte(text)})
	}
	if key == "" {
		r.Key, r.Value = nil, nil
	}
	if err := cl.ProduceSync(s.t.Context(), r).FirstErr(); err != nil {
		s.t.Fatal(err)
	}
}

// TestDeadLetterCommands: letters are listed, shown, and sent again, once each, without what made them wait, and not for ever.
func TestDeadLetterCommands(t *testing.T) {
	s := newShell(t)
	s.run("", "topic", "create", "jobs", "-p", "2")
	s.run("", "topic", "create", "elsewhere", "-p", "1")
	s.run("", "topic", "create", "dlq.jobs", "-p", "1", "-c", "errors.deadletterqueue.group.enable=true")
	s.die("dlq.jobs", "pay", 10, "rejected", "a", "one", "weir.deliver.after=99999999", "weir.priority=3", "weir.message.id=x")
	s.die("dlq.jobs", "mail", 11, "exhausted", "b", "two")
	s.die("dlq.jobs", "pay", 12, "rejected", "c", "three", "region=eu")
	s.die("dlq.jobs", "pay", 13, "rejected", "", "")
	s.die("dlq.jobs", "pay", 14, "rejected", "e", "five", "weir.redrive.count=5")
	list := func() string { return strings.Join(strings.Fields(s.run("", "dlq", "list"))[4:], " ") }
	if got := list(); got != "dlq.jobs 1 5 0" {
		t.Errorf("listed: %s", got)
	}
	var shown []struct {
		Letter, Origin, Group, Reason string
		Record                        struct{ Key, Value *string }
	}
	if err := json.Unmarshal([]byte(s.run("", "dlq", "show", "dlq.jobs", "--json", "--group", "pay")), &shown); err != nil {
		t.Fatal(err)
	}
	if len(shown) != 4 || shown[1].Letter != "0:2" || shown[1].Origin != "jobs:1:12" || *shown[1].Record.Value != "three" {
		t.Errorf("shown: %+v", shown)
	}
	if out := s.run("", "dlq", "redrive", "dlq.jobs", "--all", "--dry-run"); !strings.Contains(out, "would have been redriven 3  left 5") {
		t.Errorf("dry run:\n%s", out)
	}
	jobs := []string{"consume", "jobs", "--end", "-p", "1", "-f", `%v %h{%k:%v,}\n`}
	s.wantLines(s.run("", jobs...), "")
	if out := s.run("", "dlq", "redrive", "dlq.jobs", "0:1"); !strings.Contains(out, "redriven 1  left 4") {
		t.Errorf("one:\n%s", out)
	}
	if got := list(); got != "dlq.jobs 1 4 1" {
		t.Errorf("listed: %s", got)
	}
	if out := s.run("", "dlq", "redrive", "dlq.jobs", "-w", `headers.region == "eu"`, "--to", "elsewhere"); !strings.Contains(out, "redriven 1  left 3") {
		t.Errorf("filtered:\n%s", out)
	}
	start := time.Now()
	if out := s.run("", "dlq", "redrive", "dlq.jobs", "--all", "--rate", "1000"); !strings.Contains(out, "redriven 1  left 2") ||
		!strings.Contains(out, "too often 1, without their record 1") {
		t.Errorf("all, after %s:\n%s", time.Since(start), out)
	}
	if got := list(); got != "dlq.jobs 1 2 0" {
		t.Errorf("what was redriven is deleted: %s", got)
	}
	if out := s.run("", "dlq", "redrive", "dlq.jobs", "--all", "--empty", "--max-redrives", "9", "--keep"); !strings.Contains(out, "redriven 2  left 0") {
		t.Errorf("the rest:\n%s", out)
	}
	if out := s.run("", "dlq", "redrive", "dlq.jobs", "--all"); !strings.Contains(out, "redriven 0  left 0") {
		t.Errorf("again:\n%s", out)
	}
	s.wantLines(s.run("", jobs...), "two weir.redrive.count:1,weir.message.id:redrive:dlq.jobs:0:1,",
		"one weir.priority:3,weir.redrive.count:1,weir.message.id:redrive:dlq.jobs:0:0,",
		" weir.redrive.count:1,weir.message.id:redrive:dlq.jobs:0:3,",
		"five weir.redrive.count:6,weir.message.id:redrive:dlq.jobs:0:4,")
	s.wantLines(s.run("", "consume", "elsewhere", "--end", "-f", `%k %v %h{%k:%v,}\n`),
		"c three region:eu,weir.redrive.count:1,weir.message.id:redrive:dlq.jobs:0:2,")
	for _, words := range [][]string{{"dlq", "redrive", "dlq.jobs"}, {"dlq", "redrive", "dlq.jobs", "--all", "0:1"},
		{"dlq", "show", "dlq.jobs", "-w", "key =="}, {"dlq", "show", "dlq.jobs", "17"}} {
		if _, err := s.try("", words...); code(err) != 2 {
			t.Errorf("weir %v: %v; want exit code 2", words, err)
		}
	}
	if _, err := s.try("", "dlq", "show", "nope"); code(err) != 3 {
		t.Errorf("an unknown topic: %v; want exit code 3", err)
	}
}
