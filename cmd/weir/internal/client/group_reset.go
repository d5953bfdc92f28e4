package client

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// reset is what `group reset` was asked to do.
type reset struct {
	*options
	to     string
	topics []string
	dryRun bool
}

// moved is what is printed of one partition whose committed offset was moved.
type moved struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Before    *int64 `json:"before"`
	After     int64  `json:"after"`
}

func groupResetCommand(o *options) *cobra.Command {
	r := &reset{options: o}
	c := &cobra.Command{
		Use:   "reset GROUP --to PLACE",
		Short: "Move the committed offsets of a group that has no members",
		Long: `Move the committed offsets of a group that has no members.

PLACE is start, end, N (an offset), +N (after the start), -N (before the end), or @TIME with TIME in RFC 3339, a date,
milliseconds since 1970, or a duration ago. Offsets outside the log are moved to its nearest end.
Without --topic every topic in which the group has committed is moved.`,
		Example: `  weir group reset billing --to start --dry-run
  weir group reset billing --to @2026-01-31T12:00:00Z --topic orders:0,3`,
		Args: Args(cobra.ExactArgs(1)), ValidArgsFunction: o.completeGroups,
		RunE: func(c *cobra.Command, a []string) error {
			return o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error { return r.run(ctx, c, adm, a[0]) })
		},
	}
	f := c.Flags()
	f.StringVar(&r.to, "to", "", "where to (required)")
	f.StringArrayVarP(&r.topics, "topic", "t", nil, "only this topic, or TOPIC:P,P,... (repeatable)")
	f.BoolVarP(&r.dryRun, "dry-run", "n", false, "only show what would be moved")
	return c
}

func (r *reset) run(ctx context.Context, c *cobra.Command, adm *kadm.Client, group string) error {
	if r.to == "" {
		return usagef("--to is required: start, end, N, +N, -N or @TIME")
	}
	to, err := parsePlace(r.to, time.Now())
	if err != nil {
		return err
	}
	before, err := fetchCommitted(ctx, adm, group)
	if err != nil {
		return err
	}
	scope, err := r.scope(before)
	if err != nil {
		return err
	}
	if len(scope) == 0 {
		return notFoundf("group %q has committed nothing: name topics with --topic", group)
	}
	moves, err := planReset(ctx, adm, to, scope, before)
	if err != nil {
		return err
	}
	if !r.dryRun {
		if err := apply(ctx, adm, group, moves); err != nil {
			return err
		}
	}
	t := &table{head: []string{"TOPIC", "PARTITION", "BEFORE", "AFTER"}}
	for _, m := range moves {
		t.add(m.Topic, m.Partition, m.Before, m.After)
	}
	return r.print(c.OutOrStdout(), moves, t)
}

// scope gives the topics to move with their partitions; none named means all.
func (r *reset) scope(before kadm.OffsetResponses) (map[string][]int32, error) {
	scope := map[string][]int32{}
	for _, word := range r.topics {
		topic, list, some := strings.Cut(word, ":")
		scope[topic] = nil
		if !some {
			continue
		}
		for _, s := range strings.Split(list, ",") {
			p, err := strconv.ParseInt(s, 10, 32)
			if err != nil || p < 0 {
				return nil, usagef("partition %q of --topic %s is not a number", s, word)
			}
			scope[topic] = append(scope[topic], int32(p))
		}
	}
	if len(r.topics) == 0 {
		before.Each(func(o kadm.OffsetResponse) { scope[o.Topic] = append(scope[o.Topic], o.Partition) })
	}
	return scope, nil
}

func planReset(ctx context.Context, adm *kadm.Client, to place, scope map[string][]int32, before kadm.OffsetResponses) ([]moved, error) {
	topics := make([]string, 0, len(scope))
	for t := range scope {
		topics = append(topics, t)
	}
	target, err := listPlace(ctx, adm, to, topics)
	if err != nil {
		return nil, err
	}
	starts, err := adm.ListStartOffsets(ctx, topics...)
	if err != nil {
		return nil, fmt.Errorf("list start offsets: %w", err)
	}
	ends, err := adm.ListEndOffsets(ctx, topics...)
	if err != nil {
		return nil, fmt.Errorf("list end offsets: %w", err)
	}
	moves := []moved{}
	for topic, parts := range scope {
		if parts == nil {
			for p := range target[topic] {
				parts = append(parts, p)
			}
		}
		for _, p := range parts {
			at, ok := target.Lookup(topic, p)
			if !ok {
				return nil, notFoundf("partition %d of topic %q does not exist", p, topic)
			}
			first, _ := starts.Lookup(topic, p)
			last, _ := ends.Lookup(topic, p)
			m := moved{Topic: topic, Partition: p, After: min(max(at.Offset, first.Offset), last.Offset)}
			if b, ok := before.Lookup(topic, p); ok && b.At >= 0 {
				m.Before = &b.At
			}
			moves = append(moves, m)
		}
	}
	sort.Slice(moves, func(i, j int) bool {
		if moves[i].Topic != moves[j].Topic {
			return moves[i].Topic < moves[j].Topic
		}
		return moves[i].Partition < moves[j].Partition
	})
	return moves, nil
}

func apply(ctx context.Context, adm *kadm.Client, group string, moves []moved) error {
	var offsets kadm.Offsets
	for _, m := range moves {
		offsets.Add(kadm.Offset{Topic: m.Topic, Partition: m.Partition, At: m.After, LeaderEpoch: -1})
	}
	answers, err := adm.CommitOffsets(ctx, group, offsets)
	if err != nil {
		return fmt.Errorf("commit offsets of group %q: %w", group, err)
	}
	var failed error
	for _, a := range answers.Sorted() {
		switch {
		case errors.Is(a.Err, kerr.UnknownMemberID):
			return fmt.Errorf("group %q has members: while it has, only they can move its offsets", group)
		case a.Err != nil:
			failed = errors.Join(failed, fmt.Errorf("commit %s/%d of group %q: %w", a.Topic, a.Partition, group, a.Err))
		}
	}
	return failed
}

// fetchCommitted gives what a group has committed. A broker that still makes the groups' topic, or loads it, is asked again
// until ctx ends.
func fetchCommitted(ctx context.Context, adm *kadm.Client, group string) (kadm.OffsetResponses, error) {
	for {
		offsets, err := adm.FetchOffsets(ctx, group)
		if err == nil {
			return offsets, nil
		}
		if !kerr.IsRetriable(err) {
			return nil, fmt.Errorf("fetch offsets of group %q: %w", group, err)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("fetch offsets of group %q: %w", group, err)
		}
	}
}
