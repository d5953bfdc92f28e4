package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// hanging is an open transaction in a partition of which no coordinator knows.
type hanging struct {
	Topic            string `json:"topic"`
	Partition        int32  `json:"partition"`
	ProducerID       int64  `json:"producer_id"`
	ProducerEpoch    int16  `json:"producer_epoch"`
	CoordinatorEpoch int32  `json:"coordinator_epoch"`
	StartOffset      int64  `json:"start_offset"`
	LastMs           int64  `json:"last_timestamp_ms"`
}

func txnHangingCommand(o *options) *cobra.Command {
	var longer time.Duration
	c := &cobra.Command{
		Use: "find-hanging [TOPIC...]", Short: "Find open transactions that no coordinator knows of",
		Long: "Find transactions that are open in a partition and hold back its readers of committed records, though no\n" +
			"coordinator has that partition in a transaction of their producer: nobody will end them (KIP-664).",
		ValidArgsFunction: o.completeTopics,
		RunE: func(c *cobra.Command, topics []string) error {
			return o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error {
				found, err := findHanging(ctx, adm, topics, longer)
				if err != nil {
					return err
				}
				t := &table{head: []string{"TOPIC", "PARTITION", "PRODUCER", "EPOCH", "COORDINATOR-EPOCH", "START-OFFSET", "SILENT"}}
				for _, h := range found {
					t.add(h.Topic, h.Partition, h.ProducerID, h.ProducerEpoch, h.CoordinatorEpoch, h.StartOffset, age(h.LastMs))
				}
				return o.print(c.OutOrStdout(), found, t)
			})
		},
	}
	c.Flags().DurationVar(&longer, "silent", 15*time.Minute, "only producers that have not written for so long")
	return c
}

// findHanging compares what partitions have open with what coordinators know.
func findHanging(ctx context.Context, adm *kadm.Client, topics []string, silent time.Duration) ([]hanging, error) {
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
			known, err := knownTransaction(ctx, adm, a)
			if err != nil {
				return nil, err
			}
			if !known {
				found = append(found, hanging{a.Topic, a.Partition, a.ProducerID, a.ProducerEpoch, a.CoordinatorEpoch,
					a.CurrentTxnStartOffset, a.LastTimestamp})
			}
		}
	}
	return found, nil
}

// knownTransaction tells whether a coordinator has the partition in a transaction of its producer.
func knownTransaction(ctx context.Context, adm *kadm.Client, a kadm.DescribedProducer) (bool, error) {
	list, err := adm.ListTransactions(ctx, []int64{a.ProducerID}, nil)
	if err != nil {
		return false, fmt.Errorf("list transactions of producer %d: %w", a.ProducerID, err)
	}
	ids := list.TransactionalIDs()
	if len(ids) == 0 {
		return false, nil
	}
	described, err := adm.DescribeTransactions(ctx, ids...)
	if err != nil {
		return false, fmt.Errorf("describe transactions of producer %d: %w", a.ProducerID, err)
	}
	for _, d := range described {
		if d.Err == nil && d.ProducerID == a.ProducerID && d.Topics.Lookup(a.Topic, a.Partition) {
			return true, nil
		}
	}
	return false, nil
}

func txnAbortCommand(o *options) *cobra.Command {
	var start int64
	var commit bool
	var partition int32
	c := &cobra.Command{
		Use: "abort TOPIC --partition N --start-offset N", Short: "End an open transaction in one partition, as find-hanging names it",
		Args: args(cobra.ExactArgs(1)), ValidArgsFunction: o.completeTopics,
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
