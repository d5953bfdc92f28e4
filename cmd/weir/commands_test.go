package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/broker"
	"weir/config"
)

// shell runs commands of weir against a broker that lives as long as the test.
type shell struct {
	t         *testing.T
	bootstrap string
	http      string // the door's address, if it has one
	dir       string
}

// newShell starts a broker with settings given as name=value.
func newShell(t *testing.T, given ...string) *shell {
	t.Helper()
	s := &shell{t: t, dir: t.TempDir()}
	flags := map[string]string{
		"log.dirs": s.dir, "listeners": "PLAINTEXT://127.0.0.1:0", "group.initial.rebalance.delay.ms": "0",
		"offsets.topic.num.partitions": "4",
	}
	for _, pair := range given {
		name, value, _ := strings.Cut(pair, "=")
		flags[name] = value
	}
	values, err := config.Load(config.LoadOptions{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	b, err := broker.Open(t.Context(), broker.Config{Values: values})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Errorf("close broker: %v", err)
		}
	})
	s.bootstrap = b.Addr("PLAINTEXT").String()
	if at := b.HTTPAddr(); at != nil {
		s.http = "http://" + at.String()
	}
	return s
}

// try runs one command with input and gives what it printed.
func (s *shell) try(input string, args ...string) (string, error) {
	s.t.Helper()
	root := rootCommand()
	var out, errs bytes.Buffer
	at := slices.Index(args, "--")
	if at < 0 {
		at = len(args)
	}
	root.SetArgs(slices.Insert(slices.Clone(args), at, "--bootstrap", s.bootstrap))
	root.SetIn(strings.NewReader(input))
	root.SetOut(&out)
	root.SetErr(&errs)
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	err := root.ExecuteContext(ctx)
	if ctx.Err() != nil {
		s.t.Fatalf("weir %s did not end", strings.Join(args, " "))
	}
	return out.String(), err
}

// run is try for a command that must succeed.
func (s *shell) run(input string, args ...string) string {
	s.t.Helper()
	out, err := s.try(input, args...)
	if err != nil {
		s.t.Fatalf("weir %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// code is the exit code of a command that ended so.
func code(err error) int {
	if err == nil {
		return 0
	}
	return exitCode(err)
}

func (s *shell) wantLines(out string, want ...string) {
	s.t.Helper()
	got := strings.Split(strings.TrimRight(out, "\n"), "\n")
	if strings.Join(got, "|") != strings.Join(want, "|") {
		s.t.Fatalf("got lines %q; want %q", got, want)
	}
}

func TestTopicCommands(t *testing.T) {
	s := newShell(t)
	s.run("", "topic", "create", "orders", "-p", "3", "-c", "retention.ms=60000")
	if _, err := s.try("", "topic", "create", "orders"); code(err) != 1 {
		t.Fatalf("creating a topic twice: got %v; want exit code 1", err)
	}
	s.run("", "topic", "create", "orders", "--if-not-exists")
	s.run("", "topic", "alter", "orders", "--set", "segment.bytes=2097152", "--partitions", "4")
	var d []struct {
		Topic      string
		Partitions []struct{ Partition, Leader int32 }
		Configs    []struct{ Name, Value string }
	}
	if err := json.Unmarshal([]byte(s.run("", "topic", "describe", "orders", "--json")), &d); err != nil {
		t.Fatal(err)
	}
	if len(d) != 1 || len(d[0].Partitions) != 4 || len(d[0].Configs) != 2 || d[0].Configs[0].Value != "60000" {
		t.Fatalf("described as %+v; want 4 partitions and the 2 settings", d)
	}
	if out := s.run("", "topic", "list"); !strings.Contains(out, "orders") {
		t.Fatalf("the list lacks orders:\n%s", out)
	}
	for _, words := range [][]string{{"topic", "describe", "nope"}, {"topic", "delete", "nope"}, {"topic", "alter", "nope", "-s", "retention.ms=1"},
		{"consume", "nope", "--end"}, {"group", "describe", "nope"}, {"group", "delete", "nope"}} {
		if _, err := s.try("", words...); code(err) != 3 {
			t.Errorf("weir %v: got %v; want exit code 3", words, err)
		}
	}
	for _, words := range [][]string{{"topic", "create"}, {"topic", "alter", "orders"}, {"produce", "orders", "-z", "rar"},
		{"consume", "orders", "--from", "yesterday"}, {"group", "reset", "g"}, {"topic", "create", "x", "-c", "novalue"}} {
		if _, err := s.try("", words...); code(err) != 2 {
			t.Errorf("weir %v: got %v; want exit code 2", words, err)
		}
	}
	s.run("", "topic", "delete", "orders")
	if out := s.run("", "topic", "list", "--json"); strings.TrimSpace(out) != "[]" {
		t.Fatalf("after the delete: %s; want []", out)
	}
}

// TestConsumeBehindEmptyBatches reads to an end before which a record batch has no record: all of its were duplicates.
func TestConsumeBehindEmptyBatches(t *testing.T) {
	s := newShell(t)
	s.run("", "topic", "create", "once", "-p", "1", "-c", "weir.dedup.window.ms=600000")
	for _, value := range []string{"one", "again", "and again"} {
		s.run(value+"\n", "produce", "once", "-H", "weir.message.id=7")
	}
	if end := s.run("", "topic", "describe", "once"); !strings.Contains(end, "3") {
		t.Fatalf("nothing stands behind the record: %s", end)
	}
	for _, isolation := range []string{"committed", "uncommitted"} {
		s.wantLines(s.run("", "consume", "once", "--end", "--isolation", isolation), "one")
	}
	s.wantLines(s.run("", "consume", "once", "-g", "readers", "--end"), "one")
	if out := s.run("", "consume", "once", "-g", "readers", "--end"); out != "" {
		t.Errorf("read again: %q", out)
	}
}

func TestProduceAndConsume(t *testing.T) {
	s := newShell(t)
	s.run("", "topic", "create", "words", "-p", "1")
	for _, z := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		s.run("k,"+z+"\n", "produce", "words", "-z", z, "-f", `%k,%v\n`, "-H", "a=b")
	}
	all := []string{"none", "gzip", "snappy", "lz4", "zstd"}
	s.wantLines(s.run("", "consume", "words", "--end"), all...)
	s.wantLines(s.run("", "consume", "words", "--end", "--from", "3", "-f", `%o %k=%v %h{%k:%v}\n`), "3 k=lz4 a:b", "4 k=zstd a:b")
	s.wantLines(s.run("", "consume", "words", "--end", "--from", "-1"), "zstd")
	s.wantLines(s.run("", "consume", "words", "--end", "--from", "+2", "-n", "1"), "snappy")
	s.wantLines(s.run("", "consume", "words", "--end", "--from", "@2001-01-01"), all...)
	s.wantLines(s.run("", "consume", "words", "--end", "--from", "@9000000000000"), "")
	s.run("\n", "produce", "words", "--key", "gone", "--tombstone")
	var r struct {
		Offset int64
		Key    string
		Value  *string
	}
	if err := json.Unmarshal([]byte(s.run("", "consume", "words", "--from", "-1", "-n", "1", "--json")), &r); err != nil {
		t.Fatal(err)
	}
	if r.Offset != 5 || r.Key != "gone" || r.Value != nil {
		t.Fatalf("got %+v; want the tombstone at offset 5", r)
	}
}

func TestGroupCommands(t *testing.T) {
	s := newShell(t)
	s.run("", "topic", "create", "jobs", "-p", "2")
	s.run("a\nb\nc\nd\n", "produce", "jobs", "-p", "1")
	s.wantLines(s.run("", "consume", "jobs", "-g", "crew", "-n", "3"), "a", "b", "c")
	s.wantLines(s.run("", "consume", "jobs", "-g", "crew", "--end"), "d")
	if out := s.run("", "consume", "jobs", "-g", "crew", "--end"); out != "" {
		t.Fatalf("read %q again; want nothing: it was committed", out)
	}
	before := s.run("", "group", "reset", "crew", "--to", "1", "-t", "jobs:1", "--dry-run")
	if out := s.run("", "consume", "jobs", "-g", "crew", "--end"); out != "" {
		t.Fatalf("a dry run moved offsets: read %q", out)
	}
	if after := s.run("", "group", "reset", "crew", "--to", "1", "-t", "jobs:1"); after != before {
		t.Fatalf("the dry run showed\n%s; the reset\n%s", before, after)
	}
	s.wantLines(s.run("", "consume", "jobs", "-g", "crew", "--end"), "b", "c", "d")
	s.run("", "group", "reset", "crew", "--to", "2", "-t", "jobs:1")
	var lagging []struct {
		LagSeconds float64 `json:"lag_seconds"`
		Partitions []struct {
			Lag        int64
			LagSeconds *float64 `json:"lag_seconds"`
		}
	}
	if err := json.Unmarshal([]byte(s.run("", "group", "describe", "crew", "--json")), &lagging); err != nil {
		t.Fatal(err)
	}
	if g := lagging[0]; g.LagSeconds <= 0 || g.LagSeconds > 600 || len(g.Partitions) == 0 {
		t.Fatalf("described as %+v; want a lag of some seconds", lagging)
	}
	if out := s.run("", "group", "describe", "crew"); !strings.Contains(out, "SECONDS") {
		t.Fatalf("no lag in seconds:\n%s", out)
	}
	s.run("", "group", "reset", "crew", "--to", "end")
	var d []struct {
		State string
		Lag   int64
	}
	if err := json.Unmarshal([]byte(s.run("", "group", "describe", "crew", "--json")), &d); err != nil {
		t.Fatal(err)
	}
	if len(d) != 1 || d[0].State != "Empty" || d[0].Lag != 0 {
		t.Fatalf("described as %+v; want Empty and no lag", d)
	}
	if out := s.run("", "group", "list"); !strings.Contains(out, "crew") {
		t.Fatalf("the list lacks crew:\n%s", out)
	}
	for kind, want := range map[string]bool{"classic": true, "consumer": false} {
		if out := s.run("", "group", "list", "--type", kind); strings.Contains(out, "crew") != want {
			t.Fatalf("groups of type %s:\n%s", kind, out)
		}
	}
	would := s.run("", "group", "delete-offsets", "crew", "-t", "jobs:1", "--dry-run")
	if did := s.run("", "group", "delete-offsets", "crew", "-t", "jobs:1"); did != would || !strings.Contains(did, "jobs") {
		t.Fatalf("the dry run showed\n%s; deleting\n%s", would, did)
	}
	s.run("", "group", "reset", "crew", "--to", "start", "-t", "jobs")
	s.run("", "group", "delete", "crew")
	if out := s.run("", "group", "list", "--json"); strings.Contains(out, "crew") {
		t.Fatalf("the list still has crew: %s", out)
	}
}

func TestDumpShowsWhatWasWritten(t *testing.T) {
	s := newShell(t)
	s.run("", "topic", "create", "t", "-p", "1")
	s.run("one\n"+strings.Repeat("two", 100)+"\n", "produce", "t", "-k", "key", "-z", "zstd")
	s.run("", "consume", "t", "-g", "readers", "-n", "2")
	var records, groupRecords string
	dirs, err := filepath.Glob(filepath.Join(s.dir, "*-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		for _, kind := range []struct {
			flag string
			into *string
		}{{"--records", &records}, {"--groups", &groupRecords}} {
			root := rootCommand()
			var out bytes.Buffer
			root.SetArgs([]string{"dump", kind.flag, dir})
			root.SetOut(&out)
			if err := root.Execute(); err == nil {
				*kind.into += out.String()
			}
		}
	}
	for _, want := range []string{"key key  value twotwo", "codec zstd", "crcGood true"} {
		if !strings.Contains(records, want) {
			t.Errorf("the dump lacks %q:\n%s", want, records)
		}
	}
	if want := `offset group="readers" topic="t" partition=0 offset=2`; !strings.Contains(groupRecords, want) {
		t.Errorf("the dump of groups lacks %s:\n%s", want, groupRecords)
	}
}

func TestDemoAddsUp(t *testing.T) {
	s := newShell(t)
	out := s.run("", "demo")
	if !strings.Contains(out, "27004 rows") || !strings.HasSuffix(out, "every count adds up\n") {
		t.Fatalf("the demo ended with\n%s", out)
	}
}

// TestTxn shows a transaction from the outside: who has it, how it is found when nobody ends it, and how it is ended.
func TestTxn(t *testing.T) {
	s := newShell(t)
	s.run("", "topic", "create", "t")
	open := func(id string) *kgo.Client {
		cl, err := kgo.NewClient(kgo.SeedBrokers(s.bootstrap), kgo.TransactionalID(id), kgo.DefaultProduceTopic("t"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cl.Close)
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := cl.ProduceSync(t.Context(), kgo.StringRecord("v")).FirstErr(); err != nil {
			t.Fatal(err)
		}
		return cl
	}
	cl := open("mine")
	if out := s.run("", "txn", "list", "--state", "Ongoing"); !strings.Contains(out, "mine") {
		t.Errorf("list:\n%s", out)
	}
	if out := s.run("", "txn", "describe", "mine"); !strings.Contains(out, "Ongoing") || !strings.Contains(out, "t-0") {
		t.Errorf("describe:\n%s", out)
	}
	if _, err := s.try("", "txn", "describe", "yours"); code(err) != 3 {
		t.Errorf("describe of no id: %v", err)
	}
	if out := s.run("", "txn", "find-hanging", "--silent", "0s"); strings.Contains(out, "t ") {
		t.Errorf("a transaction that has a coordinator is called hanging:\n%s", out)
	}
	if _, err := s.try("", "txn", "abort", "t", "--start-offset", "7"); code(err) != 3 {
		t.Errorf("abort of nothing: %v", err)
	}
	s.run("", "txn", "abort", "t", "--start-offset", "0")
	if out := s.run("", "consume", "t", "--from", "start", "--end", "--isolation", "committed", "--format", "%v\n"); out != "" {
		t.Errorf("an aborted record was read: %q", out)
	}
	if err := cl.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Errorf("end of what was aborted: %v", err)
	}
	logs, err := filepath.Glob(filepath.Join(s.dir, "*", "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	var dumped bytes.Buffer
	for _, name := range logs {
		root := rootCommand()
		root.SetArgs([]string{"dump", "--transactions", name})
		root.SetOut(&dumped)
		root.SetErr(io.Discard)
		_ = root.Execute() // those of other topics are no transactions
	}
	if text := dumped.String(); !strings.Contains(text, "mine") || !strings.Contains(text, "PrepareAbort") {
		t.Errorf("dump:\n%s", text)
	}
}
