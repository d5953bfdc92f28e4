package client

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// secondsPatience is how long the records at the committed offsets are waited for: behind the last record there may be only what
// no consumer is given, such as the markers of transactions.
const secondsPatience = 3 * time.Second

// lagSeconds gives how old the next record is that each partition of a group has to read, in seconds, by the record's own time.
// Partitions without lag, and those of which it cannot be told, are left out.
func (o *options) lagSeconds(ctx context.Context, lag kadm.GroupLag) (map[string]map[int32]float64, error) {
	next := map[string]map[int32]kgo.Offset{}
	waiting := 0
	for _, m := range lag.Sorted() {
		if m.Err != nil || m.Lag <= 0 || m.Commit.At < 0 {
			continue
		}
		if next[m.Topic] == nil {
			next[m.Topic] = map[int32]kgo.Offset{}
		}
		next[m.Topic][m.Partition] = kgo.NewOffset().At(max(m.Commit.At, m.Start.Offset))
		waiting++
	}
	if waiting == 0 {
		return nil, nil
	}
	cl, err := o.dial(kgo.ConsumePartitions(next), kgo.FetchMaxPartitionBytes(1), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(ctx, secondsPatience)
	defer cancel()
	found := map[string]map[int32]float64{}
	now := time.Now()
	for waiting > 0 && ctx.Err() == nil {
		fetches := cl.PollFetches(ctx)
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			if len(p.Records) == 0 {
				return
			}
			if found[p.Topic] == nil {
				found[p.Topic] = map[int32]float64{}
			}
			if _, again := found[p.Topic][p.Partition]; again {
				return
			}
			found[p.Topic][p.Partition] = max(now.Sub(p.Records[0].Timestamp), 0).Seconds()
			waiting--
			cl.PauseFetchPartitions(map[string][]int32{p.Topic: {p.Partition}})
		})
		for _, e := range fetches.Errors() {
			if ctx.Err() == nil && e.Topic != "" {
				return found, fmt.Errorf("read %s/%d at its committed offset: %w", e.Topic, e.Partition, e.Err)
			}
		}
	}
	return found, nil
}
