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

	"weir/share"
)

func dlqCommand(o *options) *cobra.Command {
	c := &cobra.Command{Use: "dlq", Short: "List, show and redrive dead letters",
		Long: `List, show and redrive what share groups have given up (KIP-1191).

A letter that was redriven counts no more. How far each topic is redriven is kept as the committed offsets of
the group "weir-dlq.TOPIC".`}
	c.AddCommand(dlqListCommand(o), dlqShowCommand(o), dlqRedriveCommand(o))
	return c
}

// takesLetters is the setting of topics for dead letters.
const takesLetters = "errors.deadletterqueue.group.enable"

// letterTopic is what is printed of one topic for dead letters.
type letterTopic struct {
	Topic      string `json:"topic"`
	Partitions int    `json:"partitions"`
	Depth      int64  `json:"depth"`    // letters that were not redriven
	Redriven   int64  `json:"redriven"` // letters that are still there, but were
}

func dlqListCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "list [TOPIC...]", Aliases: []string{"ls", "depth"}, Short: "List topics for dead letters, and how many each has",
		Args: Args(cobra.ArbitraryArgs), ValidArgsFunction: o.completeTopics,
		RunE: func(c *cobra.Command, names []string) error {
			return o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error {
				if len(names) == 0 {
					var err error
					if names, err = letterTopics(ctx, adm); err != nil {
						return err
					}
				}
				out, t := []letterTopic{}, &table{head: []string{"TOPIC", "PARTITIONS", "DEPTH", "REDRIVEN"}}
				for _, name := range names {
					d, err := findLetters(ctx, adm, name)
					if err != nil {
						return err
					}
					row := d.summary()
					out = append(out, row)
					t.add(row.Topic, row.Partitions, row.Depth, row.Redriven)
				}
				return o.print(c.OutOrStdout(), out, t)
			})
		},
	}
}

// letterTopics are the topics that take dead letters, by name.
func letterTopics(ctx context.Context, adm *kadm.Client) ([]string, error) {
	topics, err := adm.ListTopics(ctx)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	if len(topics) == 0 {
		return nil, nil
	}
	configs, err := adm.DescribeTopicConfigs(ctx, topics.Names()...)
	if err != nil {
		return nil, fmt.Errorf("describe topics: %w", err)
	}
	var names []string
	for _, c := range configs {
		if slices.ContainsFunc(c.Configs, func(s kadm.Config) bool { return s.Key == takesLetters && s.MaybeValue() == "true" }) {
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// letters is where the dead letters of a topic lie.
type letters struct {
	topic string
	parts map[int32]*letterPart
}

// letterPart is one partition: what is between start and end, and what of that was redriven.
type letterPart struct {
	start, end int64
	done       share.Redriven
}

func findLetters(ctx context.Context, adm *kadm.Client, topic string) (*letters, error) {
	starts, err := adm.ListStartOffsets(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("list start offsets: %w", err)
	}
	ends, err := adm.ListCommittedOffsets(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("list end offsets: %w", err)
	}
	if errors.Is(ends.Error(), kerr.UnknownTopicOrPartition) || len(ends[topic]) == 0 {
		return nil, notFoundf("topic %q does not exist", topic)
	}
	if err := errors.Join(starts.Error(), ends.Error()); err != nil {
		return nil, fmt.Errorf("list offsets of %s: %w", topic, err)
	}
	d := &letters{topic: topic, parts: map[int32]*letterPart{}}
	for index, end := range ends[topic] {
		start, _ := starts.Lookup(topic, index)
		d.parts[index] = &letterPart{start: start.Offset, end: end.Offset, done: share.Redriven{Next: start.Offset}}
	}
	committed, err := fetchCommitted(ctx, adm, share.RedriveGroup(topic))
	if err != nil {
		return nil, err
	}
	for index, at := range committed[topic] {
		p := d.parts[index]
		if p == nil || at.Err != nil || at.At < 0 {
			continue
		}
		if p.done, err = share.ParseRedriven(at.At, at.Metadata); err != nil {
			return nil, fmt.Errorf("group %s, partition %d: %w", share.RedriveGroup(topic), index, err)
		}
		p.done.Add(0, p.start-1)
	}
	return d, nil
}

func (d *letters) summary() letterTopic {
	s := letterTopic{Topic: d.topic, Partitions: len(d.parts)}
	for _, p := range d.parts {
		redriven := p.done.Count(p.start, p.end-1)
		s.Redriven += redriven
		s.Depth += max(p.end-p.start, 0) - redriven
	}
	return s
}

// fits tells whether it could be kept that letters were redriven.
func (d *letters) fits(going []*deadLetter) error {
	after := map[int32]share.Redriven{}
	for _, l := range going {
		index := l.record.Partition
		done, ok := after[index]
		if !ok {
			done = d.parts[index].done
			done = done.Clone()
		}
		done.Add(l.record.Offset, l.record.Offset)
		after[index] = done
	}
	for _, done := range after {
		if _, err := done.Text(); err != nil {
			return err
		}
	}
	return nil
}

func dlqShowCommand(o *options) *cobra.Command {
	s := &selection{options: o}
	c := &cobra.Command{
		Use: "show TOPIC [PARTITION:OFFSET...]", Short: "Show dead letters",
		Example: `  weir dlq show dlq.orders --group billing
  weir dlq show dlq.orders 0:17 --json`,
		Args: Args(cobra.MinimumNArgs(1)), ValidArgsFunction: o.completeTopics,
		RunE: func(c *cobra.Command, a []string) error {
			if err := s.parse(a[1:]); err != nil {
				return err
			}
			return s.show(c, a[0])
		},
	}
	s.bind(c)
	c.Flags().BoolVar(&s.redriven, "redriven", false, "also those that were redriven")
	return c
}

func (s *selection) show(c *cobra.Command, topic string) error {
	if s.count == 0 {
		s.count = 1000
	}
	out := []shownLetter{}
	t := &table{head: []string{"LETTER", "TIME", "ORIGIN", "GROUP", "DELIVERIES", "REDRIVES", "REASON", "KEY", "VALUE"}}
	_, err := s.each(c.Context(), topic, nil, func(_ *kgo.Client, picked []*deadLetter, _ *letters) error {
		for _, l := range picked {
			x := l.shown()
			out = append(out, x)
			t.add(x.Letter, x.Time.Format(time.RFC3339), x.Origin, x.Group, x.Deliveries, x.Redrives, strings.ReplaceAll(x.Reason, " ", "_"),
				brief(l.record.Key), brief(l.record.Value))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.print(c.OutOrStdout(), out, t)
}
