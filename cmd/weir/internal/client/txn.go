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
)

func txnCommand(o *options) *cobra.Command {
	c := &cobra.Command{Use: "txn", Aliases: []string{"transaction", "transactions"},
		Short: "List and describe transactions, find those that nobody ends, and abort them"}
	c.AddCommand(txnListCommand(o), txnDescribeCommand(o), txnHangingCommand(o), txnAbortCommand(o))
	return c
}

// age is how long ago a time in ms was; "" for none.
func age(sinceMs int64) string {
	if sinceMs < 0 {
		return ""
	}
	return time.Since(time.UnixMilli(sinceMs)).Round(time.Second).String()
}

func txnListCommand(o *options) *cobra.Command {
	var states []string
	var producers []int64
	var pattern string
	c := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List transactional ids", Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error {
				list, err := adm.ListTransactionsByTxPattern(ctx, producers, states, pattern)
				if err != nil {
					return fmt.Errorf("list transactions: %w", err)
				}
				type row struct {
					ID          string `json:"transactional_id"`
					State       string `json:"state"`
					Producer    int64  `json:"producer_id"`
					Coordinator int32  `json:"coordinator"`
				}
				out := []row{}
				t := &table{head: []string{"TRANSACTIONAL-ID", "STATE", "PRODUCER", "COORDINATOR"}}
				for _, l := range list.Sorted() {
					out = append(out, row{l.TxnID, l.State, l.ProducerID, l.Coordinator})
					t.add(l.TxnID, l.State, l.ProducerID, l.Coordinator)
				}
				return o.print(c.OutOrStdout(), out, t)
			})
		},
	}
	f := c.Flags()
	f.StringSliceVar(&states, "state", nil, "only those in these states (Empty, Ongoing, CompleteCommit ...)")
	f.Int64SliceVar(&producers, "producer", nil, "only those with these producer ids")
	f.StringVar(&pattern, "pattern", "", "only ids that this regular expression matches whole")
	return c
}

// txnDescription is what is printed of one transactional id.
type txnDescription struct {
	ID          string         `json:"transactional_id"`
	State       string         `json:"state"`
	Producer    int64          `json:"producer_id"`
	Epoch       int16          `json:"producer_epoch"`
	TimeoutMs   int32          `json:"timeout_ms"`
	StartMs     *int64         `json:"start_ms"`
	Coordinator int32          `json:"coordinator"`
	Partitions  []txnPartition `json:"partitions"`
}

type txnPartition struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
}

func txnDescribeCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "describe ID...", Short: "Show state, producer, age and partitions of transactional ids",
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, ids []string) error {
			return o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error {
				described, err := adm.DescribeTransactions(ctx, ids...)
				if err != nil {
					return fmt.Errorf("describe transactions: %w", err)
				}
				out := []txnDescription{}
				t := &table{head: []string{"TRANSACTIONAL-ID", "STATE", "PRODUCER", "EPOCH", "TIMEOUT", "AGE", "PARTITIONS"}}
				for _, d := range described.Sorted() {
					switch {
					case errors.Is(d.Err, kerr.TransactionalIDNotFound):
						return notFoundf("transactional id %q does not exist", d.TxnID)
					case d.Err != nil:
						return fmt.Errorf("describe transactional id %q: %w", d.TxnID, d.Err)
					}
					one := describeTxn(d)
					out = append(out, one)
					t.add(one.ID, one.State, one.Producer, one.Epoch, time.Duration(one.TimeoutMs)*time.Millisecond,
						age(d.StartTimestamp), joinPartitions(one.Partitions))
				}
				return o.print(c.OutOrStdout(), out, t)
			})
		},
	}
}

func describeTxn(d kadm.DescribedTransaction) txnDescription {
	one := txnDescription{ID: d.TxnID, State: d.State, Producer: d.ProducerID, Epoch: d.ProducerEpoch,
		TimeoutMs: d.TimeoutMillis, Coordinator: d.Coordinator, Partitions: []txnPartition{}}
	if d.StartTimestamp >= 0 {
		one.StartMs = &d.StartTimestamp
	}
	for _, ts := range d.Topics.Sorted() {
		for _, p := range slices.Sorted(slices.Values(ts.Partitions)) {
			one.Partitions = append(one.Partitions, txnPartition{ts.Topic, p})
		}
	}
	return one
}

func joinPartitions(all []txnPartition) string {
	text := ""
	for i, p := range all {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf("%s-%d", p.Topic, p.Partition)
	}
	return text
}
