package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Tagged fields in which Weir tells who spoke for a producer last (handlers/65_describe_transactions.go).
const (
	clientIDTag   = 10_000
	clientHostTag = 10_001
)

// txnDescription is what is printed of one transactional id.
type txnDescription struct {
	ID          string         `json:"transactional_id"`
	State       string         `json:"state"`
	Producer    int64          `json:"producer_id"`
	Epoch       int16          `json:"producer_epoch"`
	TimeoutMs   int32          `json:"timeout_ms"`
	StartMs     *int64         `json:"start_ms"`
	ClientID    string         `json:"client_id,omitempty"`
	ClientHost  string         `json:"client_host,omitempty"`
	Coordinator int32          `json:"coordinator"`
	Partitions  []txnPartition `json:"partitions"`

	err error
}

type txnPartition struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
}

func (p txnPartition) String() string { return fmt.Sprintf("%s-%d", p.Topic, p.Partition) }

// open tells whether the transaction has not ended, or its markers are not all written.
func (d *txnDescription) open() bool {
	return d.State == "Ongoing" || d.State == "PrepareCommit" || d.State == "PrepareAbort"
}

// age is how long ago the transaction began; "" for none.
func (d *txnDescription) age() string {
	if d.StartMs == nil {
		return ""
	}
	return age(*d.StartMs)
}

// describeAtOnce bounds how many ids one request asks for.
const describeAtOnce = 1000

// describeTxns asks the coordinators of ids what they know of them, sorted by id. One that is not known has an error.
func describeTxns(ctx context.Context, cl *kgo.Client, ids []string) (map[string]txnDescription, error) {
	out := make(map[string]txnDescription, len(ids))
	for some := range slices.Chunk(ids, describeAtOnce) {
		req := kmsg.NewPtrDescribeTransactionsRequest()
		req.TransactionalIDs = some
		for _, shard := range cl.RequestSharded(ctx, req) {
			if shard.Err != nil {
				return nil, fmt.Errorf("describe transactions: %w", shard.Err)
			}
			for _, s := range shard.Resp.(*kmsg.DescribeTransactionsResponse).TransactionStates {
				out[s.TransactionalID] = describedTxn(s, shard.Meta.NodeID)
			}
		}
	}
	return out, nil
}

func describedTxn(s kmsg.DescribeTransactionsResponseTransactionState, coordinator int32) txnDescription {
	d := txnDescription{ID: s.TransactionalID, State: s.State, Producer: s.ProducerID, Epoch: s.ProducerEpoch,
		TimeoutMs: s.TimeoutMillis, Coordinator: coordinator, Partitions: []txnPartition{}, err: kerr.ErrorForCode(s.ErrorCode)}
	if s.StartTimestamp >= 0 {
		d.StartMs = &s.StartTimestamp
	}
	s.UnknownTags.Each(func(tag uint32, value []byte) {
		switch tag {
		case clientIDTag:
			d.ClientID = string(value)
		case clientHostTag:
			d.ClientHost = strings.TrimPrefix(string(value), "/")
		}
	})
	for _, t := range s.Topics {
		for _, p := range t.Partitions {
			d.Partitions = append(d.Partitions, txnPartition{t.Topic, p})
		}
	}
	slices.SortFunc(d.Partitions, func(a, b txnPartition) int {
		if a.Topic != b.Topic {
			return strings.Compare(a.Topic, b.Topic)
		}
		return int(a.Partition) - int(b.Partition)
	})
	return d
}

func txnDescribeCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "describe ID...", Short: "Show state, producer, age, owner and partitions of transactional ids",
		Args: Args(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, ids []string) error {
			return o.clients(c.Context(), func(ctx context.Context, cl *kgo.Client, _ *kadm.Client) error {
				described, err := describeTxns(ctx, cl, ids)
				if err != nil {
					return err
				}
				out := []txnDescription{}
				t := &table{head: []string{"TRANSACTIONAL-ID", "STATE", "PRODUCER", "EPOCH", "TIMEOUT", "AGE", "CLIENT", "HOST", "PARTITIONS"}}
				for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
					d := described[id]
					switch {
					case errors.Is(d.err, kerr.TransactionalIDNotFound):
						return notFoundf("transactional id %q does not exist", id)
					case d.err != nil:
						return fmt.Errorf("describe transactional id %q: %w", id, d.err)
					}
					out = append(out, d)
					t.add(d.ID, d.State, d.Producer, d.Epoch, time.Duration(d.TimeoutMs)*time.Millisecond, d.age(), d.ClientID,
						d.ClientHost, joinPartitions(d.Partitions))
				}
				return o.print(c.OutOrStdout(), out, t)
			})
		},
	}
}

func joinPartitions(all []txnPartition) string {
	texts := make([]string, len(all))
	for i, p := range all {
		texts[i] = p.String()
	}
	return strings.Join(texts, ",")
}
