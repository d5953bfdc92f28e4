package main

import (
	"context"
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"weir/record"
)

// TestTxnOwners shows who has a transaction and how old it is, of one that lives and of one that no coordinator knows of.
func TestTxnOwners(t *testing.T) {
	s := newShell(t)
	s.run("", "topic", "create", "t")
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.bootstrap), kgo.TransactionalID("mine"), kgo.ClientID("payments-7"), kgo.DefaultProduceTopic("t"))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := cl.ProduceSync(t.Context(), kgo.StringRecord("v")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"txn", "list"}, {"txn", "describe", "mine"}} {
		s.shows(s.run("", args...), `(?m)^mine +Ongoing +\d+ +0 .* \d+s +payments-7 +127\.0\.0\.1 `)
	}
	s.shows(s.run("", "txn", "list", "--longer", "1h"), `^[^\n]*\n$`)
	s.hang(cl)
	out := s.run("", "txn", "find-hanging", "--silent", "0s")
	s.shows(out, `(?m)^t +0 +\d+ +0 +-1 +1 +1h0m\d+s +\d+h?.*s +hanging +ledger-1 +127\.0\.0\.1$`)
	var found []struct {
		StartMs  int64  `json:"start_ms"`
		ID       string `json:"transactional_id"`
		ClientID string `json:"client_id"`
	}
	if err := json.Unmarshal([]byte(s.run("", "txn", "find-hanging", "--silent", "0s", "--json")), &found); err != nil ||
		len(found) != 1 || found[0].ID != "hanging" || found[0].ClientID != "ledger-1" ||
		time.Since(time.UnixMilli(found[0].StartMs)) < time.Hour {
		t.Errorf("find-hanging --json: %+v, %v", found, err)
	}
	s.run("", "txn", "abort", "t", "--start-offset", "1")
	s.shows(s.run("", "txn", "find-hanging", "--silent", "0s"), `^[^\n]*\n$`)
}

// shows checks that what was printed matches.
func (s *shell) shows(out, wanted string) {
	s.t.Helper()
	if !regexp.MustCompile(wanted).MatchString(out) {
		s.t.Errorf("no %q in\n%s", wanted, out)
	}
}

// hang writes a record of an hour ago in a transaction that no coordinator was told of, where that is not checked.
func (s *shell) hang(cl *kgo.Client) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	off := "false"
	answers, err := kadm.NewClient(cl).AlterBrokerConfigs(ctx,
		[]kadm.AlterConfig{{Name: "transaction.partition.verification.enable", Value: &off}})
	if err != nil || answers[0].Err != nil {
		s.t.Fatalf("switch the check off: %v, %+v", err, answers)
	}
	old, err := kgo.NewClient(kgo.SeedBrokers(s.bootstrap), kgo.ClientID("ledger-1"), kgo.MaxVersions(kversion.V3_5_0()))
	if err != nil {
		s.t.Fatal(err)
	}
	defer old.Close()
	init := kmsg.NewPtrInitProducerIDRequest()
	id := "hanging"
	init.TransactionalID, init.TransactionTimeoutMillis = &id, 60_000
	init.ProducerID, init.ProducerEpoch = -1, -1
	got, err := init.RequestWith(ctx, old)
	if err != nil || got.ErrorCode != 0 {
		s.t.Fatalf("init: %v, %+v", err, got)
	}
	b := record.NewBuilder(record.Options{HasProducer: true, Transactional: true, ProducerID: got.ProducerID, ProducerEpoch: got.ProducerEpoch})
	b.Append(time.Now().Add(-time.Hour-time.Second).UnixMilli(), nil, []byte("v"))
	batch := b.Build()
	write := kmsg.NewPtrProduceRequest()
	write.TransactionID, write.Acks, write.TimeoutMillis = &id, -1, 10_000
	write.Topics = []kmsg.ProduceRequestTopic{{Topic: "t", Partitions: []kmsg.ProduceRequestTopicPartition{{Records: batch.Raw}}}}
	wrote, err := write.RequestWith(ctx, old)
	if err != nil || wrote.Topics[0].Partitions[0].ErrorCode != 0 {
		s.t.Fatalf("write: %v, %+v", err, wrote)
	}
}
