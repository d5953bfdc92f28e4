package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// hanging is an open transaction in a partition of which no coordinator knows.
type hanging struct {
	Topic            string `json:"topic"`
	Partition        int32  `json:"partition"`
	ProducerID       int64  `json:"producer_id"`
	ProducerEpoch    int16  `json:"producer_epoch"`
	CoordinatorEpoch int32  `json:"coordinator_epoch"`
	StartOffset      int64  `json:"start_offset"`
	StartMs          *int64 `json:"start_ms"` // of its first record; nil if that is gone
	LastMs           int64  `json:"last_timestamp_ms"`
	// The owner: who has the producer id, and spoke for it last, as far as a coordinator knows.
	TransactionalID string `json:"transactional_id,omitempty"`
	ClientID        string `json:"client_id,omitempty"`
	ClientHost      string `json:"client_host,omitempty"`
}

func txnHangingCommand(o *options) *cobra.Command {
	var longer time.Duration
	c := &cobra.Command{
		Use: "find-hanging [TOPIC...]", Short: "Find open transactions that no coordinator knows of",
		Long: "Find transactions that are open in a partition and hold back its readers of committed records, though no\n" +
			"coordinator has that partition in a transaction of their producer: nobody will end them (KIP-664).",
		ValidArgsFunction: o.completeTopics,
		RunE: func(c *cobra.Command, topics []string) error {
			return o.clients(c.Context(), func(ctx context.Context, cl *kgo.Client, adm *kadm.Client) error {
				found, err := findHanging(ctx, cl, adm, topics, longer)
				if err != nil {
					return err
				}
				if err := o.findStarts(ctx, found); err != nil {
					return err
				}
				t := &table{head: []string{"TOPIC", "PARTITION", "PRODUCER", "EPOCH", "COORDINATOR-EPOCH", "START-OFFSET", "AGE", "SILENT",
					"TRANSACTIONAL-ID", "CLIENT", "HOST"}}
				for _, h := range found {
					began := ""
					if h.StartMs != nil {
						began = age(*h.StartMs)
					}
					t.add(h.Topic, h.Partition, h.ProducerID, h.ProducerEpoch, h.CoordinatorEpoch, h.StartOffset, began, age(h.LastMs),
						h.TransactionalID, h.ClientID, h.ClientHost)
				}
				return o.print(c.OutOrStdout(), found, t)
			})
		},
	}
	c.Flags().DurationVar(&longer, "silent", 15*time.Minute, "only producers that have not written for so long")
	return c
}

// findHanging compares what partitions have open with what coordinators know.
func findHanging(ctx context.Context, cl *kgo.Client, adm *kadm.Client, topics []string, silent time.Duration) ([]hanging, error) {
	set := make(kadm.TopicsSet)
	for _, name := range topics {
		set.Add(name)
	}
	described, err := adm.DescribeProducers(ctx, set)
	if err != nil {
		return nil, fmt.Errorf("describe producers: %w", err)
	}
	found := []hanging{}
	for _, p := range described.SortedPartitions() {
		if errors.Is(p.Err, kerr.UnknownTopicOrPartition) {
			return nil, notFoundf("topic %q does not exist", p.Topic)
		}
		if p.Err != nil {
			return nil, fmt.Errorf("describe producers of %s-%d: %w", p.Topic, p.Partition, p.Err)
		}
		for _, a := range p.ActiveProducers.Sorted() {
			if a.CurrentTxnStartOffset < 0 || time.Since(time.UnixMilli(a.LastTimestamp)) < silent {
				continue
			}
			owner, known, err := ownerOf(ctx, cl, adm, a)
			if err != nil {
				return nil, err
			}
			if !known {
				found = append(found, hanging{Topic: a.Topic, Partition: a.Partition, ProducerID: a.ProducerID,
					ProducerEpoch: a.ProducerEpoch, CoordinatorEpoch: a.CoordinatorEpoch, StartOffset: a.CurrentTxnStartOffset,
					LastMs: a.LastTimestamp, TransactionalID: owner.ID, ClientID: owner.ClientID, ClientHost: owner.ClientHost})
			}
		}
	}
	return found, nil
}

// ownerOf finds the transactional id that has a producer id, and tells whether its coordinator has the partition in its
// transaction.
func ownerOf(ctx context.Context, cl *kgo.Client, adm *kadm.Client, a kadm.DescribedProducer) (owner txnDescription, known bool, err error) {
	list, err := adm.ListTransactions(ctx, []int64{a.ProducerID}, nil)
	if err != nil {
		return owner, false, fmt.Errorf("list transactions of producer %d: %w", a.ProducerID, err)
	}
	described, err := describeTxns(ctx, cl, list.TransactionalIDs())
	if err != nil {
		return owner, false, err
	}
	for _, d := range described {
		if d.err != nil || d.Producer != a.ProducerID {
			continue
		}
		owner = d
		if slices.Contains(d.Partitions, txnPartition{a.Topic, a.Partition}) {
			return owner, true, nil
		}
	}
	return owner, false, nil
}

// findStartTime bounds how long one first record is waited for: it may be gone.
const findStartTime = 2 * time.Second

// findStarts looks up when transactions began: the time of their first records.
func (o *options) findStarts(ctx context.Context, all []hanging) error {
	for i := range all {
		h := &all[i]
		at := map[string]map[int32]kgo.Offset{h.Topic: {h.Partition: kgo.NewOffset().At(h.StartOffset)}}
		cl, err := o.dial(kgo.ConsumePartitions(at), kgo.ConsumeResetOffset(kgo.NoResetOffset()), kgo.FetchMaxWait(time.Second))
		if err != nil {
			return err
		}
		soon, cancel := context.WithTimeout(ctx, findStartTime)
		got := cl.PollRecords(soon, 1)
		cancel()
		cl.Close()
		for _, r := range got.Records() {
			if ms := r.Timestamp.UnixMilli(); r.Offset == h.StartOffset {
				h.StartMs = &ms
			}
		}
	}
	return nil
}

func txnAbortCommand(o *options) *cobra.Command {
	var start int64
	var commit bool
	var partition int32
	c := &cobra.Command{
		Use: "abort TOPIC --partition N --start-offset N", Short: "End an open transaction in one partition, as find-hanging names it",
		Args: Args(cobra.ExactArgs(1)), ValidArgsFunction: o.completeTopics,
		RunE: func(c *cobra.Command, names []string) error {
			return o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error {
				a, err := transactionAt(ctx, adm, names[0], partition, start)
				if err != nil {
					return err
				}
				m := kadm.TxnMarkers{ProducerID: a.ProducerID, ProducerEpoch: a.ProducerEpoch, Commit: commit,
					CoordinatorEpoch: max(a.CoordinatorEpoch, 0), Topics: make(kadm.TopicsSet)}
				m.Topics.Add(names[0], partition)
				answers, err := adm.WriteTxnMarkers(ctx, m)
				if err != nil {
					return fmt.Errorf("write marker: %w", err)
				}
				for _, p := range answers[a.ProducerID].Topics[names[0]].Partitions {
					err = errors.Join(err, p.Err)
				}
				if err != nil {
					return fmt.Errorf("write marker to %s-%d: %w", names[0], partition, err)
				}
				return nil
			})
		},
	}
	f := c.Flags()
	f.Int32Var(&partition, "partition", 0, "the partition")
	f.Int64Var(&start, "start-offset", -1, "the first offset of the transaction")
	f.BoolVar(&commit, "commit", false, "commit it instead")
	_ = c.MarkFlagRequired("start-offset")
	return c
}

// transactionAt finds the producer whose open transaction begins at an offset.
func transactionAt(ctx context.Context, adm *kadm.Client, topic string, partition int32, start int64,
) (kadm.DescribedProducer, error) {
	set := make(kadm.TopicsSet)
	set.Add(topic, partition)
	described, err := adm.DescribeProducers(ctx, set)
	if err != nil {
		return kadm.DescribedProducer{}, fmt.Errorf("describe producers: %w", err)
	}
	p := described[topic].Partitions[partition]
	if p.Err != nil {
		return kadm.DescribedProducer{}, notFoundf("describe producers of %s-%d: %v", topic, partition, p.Err)
	}
	for _, a := range p.ActiveProducers {
		if a.CurrentTxnStartOffset == start {
			return a, nil
		}
	}
	return kadm.DescribedProducer{}, notFoundf("no open transaction of %s-%d begins at offset %d", topic, partition, start)
}
