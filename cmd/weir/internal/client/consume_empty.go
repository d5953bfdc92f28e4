package client

import (
	"context"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/record"
)

// emptyBytes is how much of a partition is looked at at once for record batches without records.
const emptyBytes = 1 << 20

// passEmpty moves what is left over record batches that have no records: all of theirs were compacted away, or were dropped as duplicates.
// A client gives records alone, so nothing comes of such batches, and an end that lies behind them would never be reached. Errors are left
// to the client, which reads the same partitions: it knows which to try again, where to go on when an offset is gone, and tells the rest.
func (q *consumption) passEmpty(ctx context.Context, cl *kgo.Client, ends *endTracker) {
	left := ends.waitedFor()
	if len(left) == 0 {
		return
	}
	names := map[string]struct{}{}
	for name := range left {
		names[name.topic] = struct{}{}
	}
	topics, err := kadm.NewClient(cl).ListTopics(ctx, slices.Collect(maps.Keys(names))...)
	if err != nil {
		return
	}
	for name, s := range left {
		t := topics[name.topic]
		if p, ok := t.Partitions[name.index]; ok && p.Err == nil && p.Leader >= 0 {
			ends.pass(name, s.next, q.behindEmpty(ctx, cl, t, p, s.next))
		}
	}
}

// behindEmpty gives the offset behind the empty batches that lie from next on.
func (q *consumption) behindEmpty(ctx context.Context, cl *kgo.Client, t kadm.TopicDetail, p kadm.PartitionDetail, next int64) int64 {
	req := kmsg.NewPtrFetchRequest()
	req.MaxBytes = emptyBytes
	if q.isolation == "committed" {
		req.IsolationLevel = 1
	}
	part := kmsg.NewFetchRequestTopicPartition()
	part.Partition, part.FetchOffset, part.PartitionMaxBytes = p.Partition, next, emptyBytes
	of := kmsg.NewFetchRequestTopic()
	of.Topic, of.TopicID, of.Partitions = t.Topic, t.ID, append(of.Partitions, part)
	req.Topics = append(req.Topics, of)
	answer, err := cl.Broker(int(p.Leader)).RetriableRequest(ctx, req)
	if err != nil {
		return next
	}
	for _, topic := range answer.(*kmsg.FetchResponse).Topics {
		for _, got := range topic.Partitions {
			next = behindEmpty(got.RecordBatches, next)
		}
	}
	return next
}

// behindEmpty walks record batches, of which the last may be cut short, to the first with records.
func behindEmpty(raw []byte, next int64) int64 {
	for {
		h, err := record.ParseHeader(raw)
		if err != nil || h.Size() > len(raw) || h.Count > 0 && h.LastOffset() >= next {
			return next
		}
		next, raw = max(next, h.LastOffset()+1), raw[h.Size():]
	}
}
