//go:build kill

package transactions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/tests/checker"
)

// processor makes a result of every input of its partition, exactly once: results and offsets in one transaction. It takes the
// transactional id over first, so that no earlier life of it can commit any more, then asks where that had come to.
func (c *client) processor(ctx context.Context) error {
	cl, err := c.transactional()
	if err != nil {
		return err
	}
	defer cl.Close()
	started, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, _, err := cl.ProducerID(started); err != nil {
		return err
	}
	from, err := c.stableOffset(started, cl)
	if err != nil {
		return err
	}
	reader, err := c.kafka(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
		inputs: {c.Partition: kgo.NewOffset().At(max(from, 0))}}))
	if err != nil {
		return err
	}
	defer reader.Close()
	c.note(checker.Op{Kind: checker.Assign})
	for ctx.Err() == nil {
		if err := c.processSome(ctx, cl, reader); err != nil {
			return err
		}
	}
	return nil
}

// errAborted says that a processor aborted: what it had polled is to be polled again.
var errAborted = errors.New("aborted")

func (c *client) processSome(ctx context.Context, cl, reader *kgo.Client) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	txn := c.name()
	taken := c.look(ctx, reader, txn)
	if len(taken) == 0 {
		return nil
	}
	if err := cl.BeginTransaction(); err != nil {
		return err
	}
	var records []*kgo.Record
	var from []string
	for _, r := range taken {
		records = append(records, &kgo.Record{Topic: results, Partition: c.Partition, Value: filler,
			Key: fmt.Appendf(nil, "%s>%s", r.Key, txn)})
		from = append(from, string(r.Key))
	}
	failed := c.send(ctx, cl, txn, records, from)
	if failed == nil {
		failed = c.commitOffset(ctx, cl, taken[len(taken)-1].Offset+1)
	}
	if failed == nil && c.rng.IntN(8) == 0 {
		failed = errAborted
	}
	return errors.Join(failed, c.end(ctx, cl, txn, failed == nil))
}

// commitOffset makes an offset part of the transaction, as the generation does it.
func (c *client) commitOffset(ctx context.Context, cl *kgo.Client, offset int64) error {
	id, epoch, err := cl.ProducerID(ctx)
	if err != nil {
		return err
	}
	if c.Generation == 1 {
		add := kmsg.NewPtrAddOffsetsToTxnRequest()
		add.TransactionalID, add.ProducerID, add.ProducerEpoch, add.Group = c.ID, id, epoch, group
		answer, err := add.RequestWith(ctx, cl)
		if err == nil {
			err = kerr.ErrorForCode(answer.ErrorCode)
		}
		if err != nil {
			return fmt.Errorf("add offsets: %w", err)
		}
	}
	req := kmsg.NewPtrTxnOffsetCommitRequest()
	req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group, req.Generation = c.ID, id, epoch, group, -1
	topic := kmsg.NewTxnOffsetCommitRequestTopic()
	topic.Topic = inputs
	part := kmsg.NewTxnOffsetCommitRequestTopicPartition()
	part.Partition, part.Offset = c.Partition, offset
	topic.Partitions = append(topic.Partitions, part)
	req.Topics = append(req.Topics, topic)
	answer, err := req.RequestWith(ctx, cl)
	if err != nil {
		return fmt.Errorf("commit offset: %w", err)
	}
	return kerr.ErrorForCode(answer.Topics[0].Partitions[0].ErrorCode)
}

// stableOffset is the group's offset in the partition, -1 for none, once no open transaction may change it.
func (c *client) stableOffset(ctx context.Context, cl *kgo.Client) (int64, error) {
	for ctx.Err() == nil {
		req := kmsg.NewPtrOffsetFetchRequest()
		req.Group, req.RequireStable = group, true
		asked := kmsg.NewOffsetFetchRequestGroup()
		asked.Group = group
		req.Groups = append(req.Groups, asked)
		answer, err := req.RequestWith(ctx, cl)
		if err != nil {
			return -1, fmt.Errorf("fetch offset: %w", err)
		}
		if len(answer.Groups) != 1 {
			return -1, fmt.Errorf("fetch offset: %d groups are answered", len(answer.Groups))
		}
		offset, err := int64(-1), kerr.ErrorForCode(answer.Groups[0].ErrorCode)
		for _, t := range answer.Groups[0].Topics {
			for _, p := range t.Partitions {
				if p.Partition == c.Partition {
					offset, err = p.Offset, errors.Join(err, kerr.ErrorForCode(p.ErrorCode))
				}
			}
		}
		if err == nil {
			return offset, nil
		}
		if !errors.Is(err, kerr.UnstableOffsetCommit) && !kerr.IsRetriable(err) {
			return -1, fmt.Errorf("fetch offset: %w", err)
		}
		time.Sleep(20 * time.Millisecond) // a transaction of its earlier life is being ended
	}
	return -1, ctx.Err()
}
