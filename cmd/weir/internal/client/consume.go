package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// consumption is what `consume` was asked to do.
type consumption struct {
	*options
	from, format, group, isolation string
	partitions                     []int32
	count                          int64
	toEnd, regex                   bool
	idle                           time.Duration
}

func consumeCommand(o *options) *cobra.Command {
	q := &consumption{options: o}
	c := &cobra.Command{
		Use:   "consume TOPIC...",
		Short: "Read records of topics: from an offset or a time, to the end or for ever, alone or in a group",
		Long: `Read records of topics and print them.

--from is start, end, N (an offset), +N (after the start), -N (before the end), or @TIME with TIME in RFC 3339,
a date, milliseconds since 1970, or a duration ago such as @90m. In a group it counts only where nothing is committed.

The format is that of the kgo record formatter: %t topic, %p partition, %o offset, %k key, %v value, %d timestamp,
%h{} headers, %e leader epoch; for example --format '%p %o %k=%v\n'. With --json each record is one JSON object a line.`,
		Example: `  weir consume orders --end
  weir consume orders --from @2026-01-31T12:00:00Z --format '%d{strftime[%F %T]} %k %v\n'
  weir consume orders --group billing`,
		Args: Args(cobra.MinimumNArgs(1)), ValidArgsFunction: o.completeTopics,
		RunE: func(c *cobra.Command, topics []string) error { return q.run(c, topics) },
	}
	f := c.Flags()
	f.StringVarP(&q.from, "from", "o", "start", "where to begin")
	f.BoolVarP(&q.toEnd, "end", "e", false, "stop at the end as it was when the command began")
	f.Int64VarP(&q.count, "count", "n", 0, "stop after so many records (0: no limit)")
	f.DurationVar(&q.idle, "idle", 0, "stop when no record came for so long (0: never)")
	f.StringVarP(&q.format, "format", "f", `%v\n`, "how to print a record")
	f.StringVarP(&q.group, "group", "g", "", "read as a member of this group and commit what was printed")
	f.Int32SliceVarP(&q.partitions, "partitions", "p", nil, "only these partitions")
	f.StringVar(&q.isolation, "isolation", "committed", "committed or uncommitted: whether open and aborted transactions are read")
	f.BoolVar(&q.regex, "regex", false, "the topics are regular expressions")
	return c
}

func (q *consumption) check() error {
	switch {
	case q.isolation != "committed" && q.isolation != "uncommitted":
		return usagef("isolation %q is neither committed nor uncommitted", q.isolation)
	case q.group != "" && len(q.partitions) > 0:
		return usagef("--partitions does not go with --group: the group assigns them")
	case q.regex && len(q.partitions) > 0:
		return usagef("--partitions does not go with --regex")
	case q.regex && q.toEnd:
		return usagef("--end does not go with --regex: use --idle")
	}
	return nil
}

func (q *consumption) run(c *cobra.Command, topics []string) error {
	if err := q.check(); err != nil {
		return err
	}
	from, err := parsePlace(q.from, time.Now())
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(c.OutOrStdout(), 64<<10)
	show, err := q.printer()
	if err != nil {
		return err
	}
	ends := newEndTracker()
	if !q.regex {
		if err := q.findEnds(c.Context(), topics, ends); err != nil {
			return err
		}
	}
	cl, err := q.dial(q.clientOptions(topics, from, ends)...)
	if err != nil {
		return err
	}
	defer cl.Close()
	err = q.loop(c.Context(), cl, ends, out, show)
	return errors.Join(err, out.Flush())
}

func (q *consumption) clientOptions(topics []string, from place, ends *endTracker) []kgo.Opt {
	opts := []kgo.Opt{kgo.ConsumeResetOffset(from.kgo()), kgo.KeepControlRecords(), kgo.FetchMaxWait(500 * time.Millisecond)}
	if q.isolation == "committed" {
		opts = append(opts, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	if q.regex {
		opts = append(opts, kgo.ConsumeRegex())
	}
	if len(q.partitions) > 0 {
		parts := map[string]map[int32]kgo.Offset{}
		for _, t := range topics {
			parts[t] = map[int32]kgo.Offset{}
			for _, p := range q.partitions {
				parts[t][p] = from.kgo()
			}
		}
		return append(opts, kgo.ConsumePartitions(parts))
	}
	opts = append(opts, kgo.ConsumeTopics(topics...))
	if q.group != "" {
		opts = append(opts, kgo.ConsumerGroup(q.group), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
			kgo.OnPartitionsAssigned(ends.assign), kgo.OnPartitionsRevoked(ends.revoke), kgo.OnPartitionsLost(ends.revoke))
	}
	return opts
}

// findEnds asks where the partitions begin and end now, and refuses topics that do not exist.
func (q *consumption) findEnds(ctx context.Context, topics []string, ends *endTracker) error {
	return q.admin(ctx, func(ctx context.Context, adm *kadm.Client) error {
		list := adm.ListEndOffsets
		if q.isolation == "committed" {
			list = adm.ListCommittedOffsets
		}
		last, err := list(ctx, topics...)
		if err != nil {
			return fmt.Errorf("list end offsets: %w", err)
		}
		for _, t := range topics {
			if l, ok := last.Lookup(t, -1); ok && errors.Is(l.Err, kerr.UnknownTopicOrPartition) || len(last[t]) == 0 {
				return notFoundf("topic %q does not exist", t)
			}
		}
		if err := last.Error(); err != nil {
			return fmt.Errorf("list end offsets: %w", err)
		}
		if !q.toEnd {
			return nil
		}
		first, err := q.positions(ctx, adm, topics)
		if err != nil {
			return err
		}
		ends.set(first, last, q.partitions, q.group == "")
		return nil
	})
}

// positions gives where reading will begin, as far as it is known: what the group committed, or where the flags point.
func (q *consumption) positions(ctx context.Context, adm *kadm.Client, topics []string) (kadm.ListedOffsets, error) {
	from, err := parsePlace(q.from, time.Now())
	if err != nil {
		return nil, err
	}
	at, err := listPlace(ctx, adm, from, topics)
	if err != nil || q.group == "" {
		return at, err
	}
	committed, err := fetchCommitted(ctx, adm, q.group)
	if err != nil {
		return nil, err
	}
	committed.Each(func(r kadm.OffsetResponse) {
		if l, ok := at.Lookup(r.Topic, r.Partition); ok && r.Err == nil && r.At >= 0 {
			l.Offset = r.At
			at[r.Topic][r.Partition] = l
		}
	})
	return at, nil
}

// loop polls and prints until the end, the count, the idle limit or the end of ctx.
func (q *consumption) loop(ctx context.Context, cl *kgo.Client, ends *endTracker, out *bufio.Writer,
	show func(io.Writer, *kgo.Record) error,
) error {
	var printed int64
	var read []*kgo.Record // since the last commit
	last := time.Now()
	for !q.toEnd || !ends.reached() {
		pollCtx, cancel := context.WithTimeout(ctx, 250*time.Millisecond)
		fetches := cl.PollFetches(pollCtx)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if err := fatal(fetches); err != nil {
			return err
		}
		if q.toEnd && fetches.NumRecords() == 0 {
			q.passEmpty(ctx, cl, ends)
		}
		for it := fetches.RecordIter(); !it.Done(); {
			r := it.Next()
			wanted := !q.toEnd || ends.wants(r)
			ends.advance(r)
			if wanted {
				read = append(read, r)
			}
			if r.Attrs.IsControl() || !wanted {
				continue
			}
			if err := show(out, r); err != nil {
				return fmt.Errorf("print record: %w", err)
			}
			last = time.Now()
			if printed++; printed == q.count {
				return q.commit(ctx, cl, out, read)
			}
		}
		if err := q.commit(ctx, cl, out, read); err != nil {
			return err
		}
		read = read[:0]
		if q.idle > 0 && time.Since(last) > q.idle {
			return nil
		}
	}
	return nil
}

// commit writes out what was printed, then commits it: a record is never committed before it was printed.
func (q *consumption) commit(ctx context.Context, cl *kgo.Client, out *bufio.Writer, read []*kgo.Record) error {
	if err := out.Flush(); err != nil {
		return fmt.Errorf("print records: %w", err)
	}
	if q.group == "" {
		return nil
	}
	defer cl.AllowRebalance()
	if len(read) == 0 {
		return nil
	}
	if err := cl.CommitRecords(ctx, read...); err != nil {
		return fmt.Errorf("commit offsets: %w", err)
	}
	return nil
}

func fatal(fetches kgo.Fetches) error {
	var failed error
	fetches.EachError(func(t string, p int32, err error) {
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || kerr.IsRetriable(err) {
			return
		}
		failed = errors.Join(failed, fmt.Errorf("read %s/%d: %w", t, p, err))
	})
	return failed
}
