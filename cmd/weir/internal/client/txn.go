package client

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
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
	var longer time.Duration
	c := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List transactional ids", Args: Args(cobra.NoArgs),
		Long: "List transactional ids: who has each (the client that spoke for the producer last, where the broker tells), and of\n" +
			"those whose transaction is open or being ended how long ago it began and how many partitions it has.",
		RunE: func(c *cobra.Command, _ []string) error {
			return o.clients(c.Context(), func(ctx context.Context, cl *kgo.Client, adm *kadm.Client) error {
				list, err := adm.ListTransactionsByTxPattern(ctx, producers, states, pattern)
				if err != nil {
					return fmt.Errorf("list transactions: %w", err)
				}
				rows, err := listTxns(ctx, cl, list.Sorted(), longer)
				if err != nil {
					return err
				}
				t := &table{head: []string{"TRANSACTIONAL-ID", "STATE", "PRODUCER", "EPOCH", "AGE", "CLIENT", "HOST", "PARTITIONS", "COORDINATOR"}}
				for _, r := range rows {
					began := ""
					if r.open() {
						began = r.age()
					}
					t.add(r.ID, r.State, r.Producer, r.Epoch, began, r.ClientID, r.ClientHost, len(r.Partitions), r.Coordinator)
				}
				return o.print(c.OutOrStdout(), rows, t)
			})
		},
	}
	f := c.Flags()
	f.StringSliceVar(&states, "state", nil, "only those in these states (Empty, Ongoing, CompleteCommit ...)")
	f.Int64SliceVar(&producers, "producer", nil, "only those with these producer ids")
	f.StringVar(&pattern, "pattern", "", "only ids that this regular expression matches whole")
	f.DurationVar(&longer, "longer", 0, "only those whose transaction is open and began so long ago")
	return c
}

// listTxns completes a list with what the coordinators know. What was forgotten meanwhile is left out.
func listTxns(ctx context.Context, cl *kgo.Client, list []kadm.ListedTransaction, longer time.Duration) ([]txnDescription, error) {
	ids := make([]string, len(list))
	for i, l := range list {
		ids[i] = l.TxnID
	}
	described, err := describeTxns(ctx, cl, ids)
	if err != nil {
		return nil, err
	}
	rows := []txnDescription{}
	for _, l := range list {
		d, ok := described[l.TxnID]
		if !ok || d.err != nil {
			continue
		}
		if longer > 0 && (!d.open() || d.StartMs == nil || time.Since(time.UnixMilli(*d.StartMs)) < longer) {
			continue
		}
		rows = append(rows, d)
	}
	return rows, nil
}
