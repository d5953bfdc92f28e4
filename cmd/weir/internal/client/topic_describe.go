package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// description is what is printed of one topic.
type description struct {
	Topic      string             `json:"topic"`
	ID         string             `json:"id"`
	Internal   bool               `json:"internal"`
	Partitions []partitionOffsets `json:"partitions"`
	Configs    []describedSetting `json:"configs"`
}

type partitionOffsets struct {
	Partition   int32   `json:"partition"`
	Leader      int32   `json:"leader"`
	LeaderEpoch int32   `json:"leader_epoch"`
	Replicas    []int32 `json:"replicas"`
	ISR         []int32 `json:"isr"`
	Start       int64   `json:"start"`
	End         int64   `json:"end"`
	Error       string  `json:"error,omitempty"`
}

type describedSetting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source string `json:"source"`
}

func topicDescribeCommand(o *options) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "describe TOPIC...", Short: "Show partitions, offsets and settings of topics",
		Args: Args(cobra.MinimumNArgs(1)), ValidArgsFunction: o.completeTopics,
		RunE: func(c *cobra.Command, names []string) error {
			return o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error {
				out, err := describeTopics(ctx, adm, names, all)
				if err != nil {
					return err
				}
				return o.printDescriptions(c.OutOrStdout(), out)
			})
		},
	}
	c.Flags().BoolVarP(&all, "all", "a", false, "every setting, not only those that were set on the topic")
	return c
}

func describeTopics(ctx context.Context, adm *kadm.Client, names []string, all bool) ([]description, error) {
	topics, err := adm.ListTopics(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("describe topics: %w", err)
	}
	for _, d := range topics.Sorted() {
		if errors.Is(d.Err, kerr.UnknownTopicOrPartition) {
			return nil, notFoundf("topic %q does not exist", d.Topic)
		}
		if d.Err != nil {
			return nil, fmt.Errorf("describe topic %q: %w", d.Topic, d.Err)
		}
	}
	starts, err := adm.ListStartOffsets(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("list start offsets: %w", err)
	}
	ends, err := adm.ListEndOffsets(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("list end offsets: %w", err)
	}
	configs, err := adm.DescribeTopicConfigs(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("describe settings: %w", err)
	}
	out := []description{}
	for _, d := range topics.Sorted() {
		out = append(out, describe(d, starts, ends, configs, all))
	}
	return out, nil
}

func describe(d kadm.TopicDetail, starts, ends kadm.ListedOffsets, configs kadm.ResourceConfigs, all bool) description {
	r := description{Topic: d.Topic, ID: idText(d.ID), Internal: d.IsInternal, Configs: []describedSetting{}}
	for _, p := range d.Partitions.Sorted() {
		row := partitionOffsets{Partition: p.Partition, Leader: p.Leader, LeaderEpoch: p.LeaderEpoch,
			Replicas: p.Replicas, ISR: p.ISR, Start: -1, End: -1}
		if p.Err != nil {
			row.Error = p.Err.Error()
		}
		if l, ok := starts.Lookup(d.Topic, p.Partition); ok && l.Err == nil {
			row.Start = l.Offset
		}
		if l, ok := ends.Lookup(d.Topic, p.Partition); ok {
			if l.Err == nil {
				row.End = l.Offset
			} else {
				row.Error = l.Err.Error()
			}
		}
		r.Partitions = append(r.Partitions, row)
	}
	config, err := configs.On(d.Topic, nil)
	if err != nil {
		return r
	}
	for _, s := range config.Configs {
		if all || s.Source == kmsg.ConfigSourceDynamicTopicConfig {
			r.Configs = append(r.Configs, describedSetting{s.Key, s.MaybeValue(), s.Source.String()})
		}
	}
	sort.Slice(r.Configs, func(i, j int) bool { return r.Configs[i].Name < r.Configs[j].Name })
	return r
}

func (o *options) printDescriptions(w io.Writer, all []description) error {
	if o.json {
		return o.print(w, all, nil)
	}
	for i, d := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "topic %s  id %s  partitions %d\n", d.Topic, d.ID, len(d.Partitions))
		t := &table{head: []string{"PARTITION", "LEADER", "EPOCH", "REPLICAS", "ISR", "START", "END", "RECORDS", "ERROR"}}
		for _, p := range d.Partitions {
			t.add(p.Partition, p.Leader, p.LeaderEpoch, joined(p.Replicas), joined(p.ISR), p.Start, p.End, p.End-p.Start, p.Error)
		}
		if err := o.print(w, nil, t); err != nil {
			return err
		}
		if len(d.Configs) == 0 {
			continue
		}
		t = &table{head: []string{"SETTING", "VALUE", "SOURCE"}}
		for _, s := range d.Configs {
			t.add(s.Name, s.Value, s.Source)
		}
		if err := o.print(w, nil, t); err != nil {
			return err
		}
	}
	return nil
}

func joined(ids []int32) string {
	s := ""
	for i, id := range ids {
		if i > 0 {
			s += ","
		}
		s += fmt.Sprint(id)
	}
	return s
}
