package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/share"
)

// queueDepth is what a group has before it in a topic, or in a partition of one.
type queueDepth struct {
	Topic     string `json:"topic"`
	Partition *int32 `json:"partition,omitempty"`
	Available int64  `json:"available"`
	Unseen    int64  `json:"unseen"` // of Available
	InFlight  int64  `json:"in_flight"`
	Delayed   int64  `json:"delayed"`
	Dying     int64  `json:"dying"`

	Partitions []queueDepth `json:"partitions,omitempty"`
}

// queueDescription is what is printed of a group.
type queueDescription struct {
	Group           string       `json:"group"`
	DeadLetterTopic string       `json:"dead_letter_topic,omitempty"`
	DeadLetters     int64        `json:"dead_letters"`
	Topics          []queueDepth `json:"topics"`
}

func queueDescribeCommand(o *options) *cobra.Command {
	single := false
	c := &cobra.Command{
		Use: "describe GROUP [TOPIC...]", Aliases: []string{"depth"}, Short: "Tell how many messages a group has before it, and in which state",
		Long: `Tell how many messages a group has before it: available ones, those in flight, delayed ones, those that are
given up and whose dead letters are not written yet, and dead letters.

Of the available ones those are unseen that no member has come to: whether they are delayed, or wanted by the
group at all, is not known. Dead letters are all of their topic that were not redriven. Without topics, those
that the group has begun are told.`,
		Example: `  weir queue describe workers
  weir queue describe workers jobs --partitions`,
		Args: Args(cobra.MinimumNArgs(1)), ValidArgsFunction: o.completeGroups,
		RunE: func(c *cobra.Command, a []string) error {
			return o.clients(c.Context(), func(ctx context.Context, cl *kgo.Client, adm *kadm.Client) error {
				d := &queueDescription{Group: a[0], Topics: []queueDepth{}}
				if err := d.measure(ctx, cl, adm, a[1:]); err != nil {
					return err
				}
				if err := d.countLetters(ctx, cl, adm); err != nil {
					return err
				}
				return o.printDepth(c, d, single)
			})
		},
	}
	c.Flags().BoolVar(&single, "partitions", false, "each partition by itself")
	return c
}

// measure asks how deep topics are; those that the group has begun if none are named.
func (d *queueDescription) measure(ctx context.Context, cl *kgo.Client, adm *kadm.Client, topics []string) error {
	g := kmsg.NewDescribeShareGroupOffsetsRequestGroup()
	g.GroupID = d.Group
	g.UnknownTags.Set(share.DepthTag, nil)
	if len(topics) > 0 {
		found, err := adm.ListTopics(ctx, topics...)
		if err != nil {
			return fmt.Errorf("list topics: %w", err)
		}
		for _, name := range topics {
			if len(found[name].Partitions) == 0 {
				return notFoundf("topic %q does not exist", name)
			}
			t := kmsg.NewDescribeShareGroupOffsetsRequestGroupTopic()
			t.Topic = name
			t.Partitions = found[name].Partitions.Numbers()
			g.Topics = append(g.Topics, t)
		}
	}
	req := kmsg.NewPtrDescribeShareGroupOffsetsRequest()
	req.Groups = append(req.Groups, g)
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		return fmt.Errorf("describe share group %q: %w", d.Group, err)
	}
	for _, g := range resp.Groups {
		if err := kerr.ErrorForCode(g.ErrorCode); err != nil {
			return fmt.Errorf("describe share group %q: %w", d.Group, err)
		}
		for _, t := range g.Topics {
			if err := d.add(&t); err != nil {
				return fmt.Errorf("describe share group %q: topic %s: %w", d.Group, t.Topic, err)
			}
		}
	}
	return nil
}

var errNoDepth = errors.New("this broker tells no depths; weir group describe has the lag")

// add takes in what was told of a topic.
func (d *queueDescription) add(t *kmsg.DescribeShareGroupOffsetsResponseGroupTopic) error {
	sum := share.Depth{}
	out := queueDepth{Topic: t.Topic}
	for i := range t.Partitions {
		p := &t.Partitions[i]
		if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
			return err
		}
		var depth share.Depth
		err, told := error(nil), false
		p.UnknownTags.Each(func(tag uint32, value []byte) {
			if tag == share.DepthTag {
				depth, err = share.ParseDepth(value)
				told = true
			}
		})
		if p.StartOffset >= 0 && !told {
			err = errNoDepth
		}
		if err != nil {
			return err
		}
		sum.Add(depth)
		out.Partitions = append(out.Partitions, depthRow(t.Topic, &p.Partition, depth))
	}
	slices.SortFunc(out.Partitions, func(a, b queueDepth) int { return int(*a.Partition) - int(*b.Partition) })
	row := depthRow(t.Topic, nil, sum)
	row.Partitions = out.Partitions
	d.Topics = append(d.Topics, row)
	return nil
}

func depthRow(topic string, partition *int32, d share.Depth) queueDepth {
	return queueDepth{Topic: topic, Partition: partition, Available: d.Available, Unseen: d.Unseen, InFlight: d.InFlight, Delayed: d.Delayed,
		Dying: d.Dying}
}

// countLetters counts what is in the group's topic for dead letters, if it has one.
func (d *queueDescription) countLetters(ctx context.Context, cl *kgo.Client, adm *kadm.Client) error {
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeGroupConfig, d.Group
	resource.ConfigNames = []string{"errors.deadletterqueue.topic.name"}
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.Resources = append(req.Resources, resource)
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		return fmt.Errorf("describe settings of group %q: %w", d.Group, err)
	}
	for _, r := range resp.Resources {
		if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
			return fmt.Errorf("describe settings of group %q: %w", d.Group, err)
		}
		for _, s := range r.Configs {
			if s.Value != nil {
				d.DeadLetterTopic = *s.Value
			}
		}
	}
	if d.DeadLetterTopic == "" {
		return nil
	}
	l, err := findLetters(ctx, adm, d.DeadLetterTopic)
	if e := (*exitError)(nil); errors.As(err, &e) && e.code == ExitNotFound {
		return nil // it is made for the first
	}
	if err != nil {
		return err
	}
	d.DeadLetters = l.summary().Depth
	return nil
}

func (o *options) printDepth(c *cobra.Command, d *queueDescription, single bool) error {
	t := &table{head: []string{"TOPIC", "PARTITION", "AVAILABLE", "UNSEEN", "IN-FLIGHT", "DELAYED", "DYING"}}
	add := func(r *queueDepth, partition any) {
		t.add(r.Topic, partition, r.Available, r.Unseen, r.InFlight, r.Delayed, r.Dying)
	}
	for i := range d.Topics {
		if !single {
			add(&d.Topics[i], "all")
			continue
		}
		for j := range d.Topics[i].Partitions {
			add(&d.Topics[i].Partitions[j], *d.Topics[i].Partitions[j].Partition)
		}
	}
	if err := o.print(c.OutOrStdout(), d, t); err != nil || o.json {
		return err
	}
	if d.DeadLetterTopic != "" {
		fmt.Fprintf(c.OutOrStdout(), "dead letters in %s: %d\n", d.DeadLetterTopic, d.DeadLetters)
	}
	return nil
}
