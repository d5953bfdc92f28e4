package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// replay adds all amounts up, from the start of the log.
func replay(ctx context.Context, n int) (sum int, err error) {
	cl, err := connect(kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return 0, err
	}
	defer cl.Close()
	for seen := 0; seen < n && ctx.Err() == nil; {
		for _, r := range cl.PollFetches(ctx).Records() {
			var o order
			if err := json.Unmarshal(r.Value, &o); err != nil {
				return 0, err
			}
			sum, seen = sum+o.Amount, seen+1
		}
	}
	return sum, ctx.Err()
}

// deadLetters waits until there are so many, and counts them.
func deadLetters(ctx context.Context, want int) (int, error) {
	cl, err := connect()
	if err != nil {
		return 0, err
	}
	defer cl.Close()
	for {
		ends, err := kadm.NewClient(cl).ListEndOffsets(ctx, "dlq."+topic)
		letters := 0
		ends.Each(func(o kadm.ListedOffset) { letters += int(o.Offset) })
		if err != nil || letters >= want {
			return letters, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}
