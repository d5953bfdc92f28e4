package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// subscribe lets two independent groups read the whole topic, each at its own pace.
func (d *demo) subscribe(ctx context.Context) error {
	began := time.Now()
	results := make(chan error, 2)
	for _, name := range []string{"billing", "weather"} {
		go func() { results <- d.readAll(ctx, name) }()
	}
	if err := errors.Join(<-results, <-results); err != nil {
		return err
	}
	fmt.Fprintf(d.Out, "published to two independent groups, each got every row once: %s\n", rate(2*len(d.rows), time.Since(began)))
	return nil
}

func (d *demo) readAll(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	cl, err := d.client(kgo.ConsumerGroup(d.group(name)), kgo.ConsumeTopics(d.topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())
	if err != nil {
		return err
	}
	defer cl.Close()
	seen := newTally(len(d.rows))
	for rows := 0; rows < len(d.rows); {
		fetches := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("group %s: %d of %d rows in %s: %w", name, rows, len(d.rows), stepTimeout, ctx.Err())
		}
		for it := fetches.RecordIter(); !it.Done(); {
			if rows, err = seen.add(it.Next()); err != nil {
				return err
			}
		}
	}
	if err := cl.CommitUncommittedOffsets(ctx); err != nil {
		return fmt.Errorf("commit offsets of group %s: %w", name, err)
	}
	return seen.once("group " + name)
}
