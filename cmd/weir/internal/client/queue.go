package client

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/filter"
	"weir/partition"
	"weir/share"
)

func queueCommand(o *options) *cobra.Command {
	c := &cobra.Command{Use: "queue", Short: "Send and receive messages, each of which one receiver of a group gets",
		Long: `Send and receive messages, each of which one receiver of a group gets (share groups, KIP-932).

docs/queue.md says what settings and headers there are.`}
	c.AddCommand(queueSendCommand(o), queueReceiveCommand(o), queueDescribeCommand(o), queueSetCommand(o))
	return c
}

// sending is what `queue send` was asked to do beside producing.
type sending struct {
	production
	delay, ttl     time.Duration
	at, id, routes string
	priority       int
}

func queueSendCommand(o *options) *cobra.Command {
	s := &sending{production: production{options: o}}
	c := &cobra.Command{
		Use: "send TOPIC [MESSAGE...]", Short: "Send messages: those named, else lines of standard input or a file",
		Example: `  weir queue send jobs "resize 17" --delay 10m --priority 9
  weir queue send jobs --file jobs.txt --ttl 1h --routing-key images.eu`,
		Args: Args(cobra.MinimumNArgs(1)), ValidArgsFunction: o.completeTopics,
		RunE: func(c *cobra.Command, a []string) error {
			if err := s.say(c); err != nil {
				return err
			}
			if len(a) > 1 {
				s.format = "%V{big32}%v"
				var in strings.Builder
				for _, text := range a[1:] {
					n := len(text)
					in.Write([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
					in.WriteString(text)
				}
				c.SetIn(strings.NewReader(in.String()))
			}
			return s.run(c, a[0])
		},
	}
	s.bind(c)
	f := c.Flags()
	f.DurationVar(&s.delay, "delay", 0, "deliver so long after now")
	f.StringVar(&s.at, "at", "", "deliver at this time (RFC 3339, a date, milliseconds since 1970)")
	f.DurationVar(&s.ttl, "ttl", 0, "do not deliver when so long has passed")
	f.IntVar(&s.priority, "priority", -1, "0 to 9, the highest first in groups that order by priority (-1: none, which is 4)")
	f.StringVar(&s.id, "id", "", "message id: a topic with weir.dedup.window.ms takes one of each")
	f.StringVar(&s.routes, "routing-key", "", "what filters of groups look at")
	return c
}

// say puts what the flags say into headers.
func (s *sending) say(c *cobra.Command) error {
	add := func(name, value string) { s.headers = append(s.headers, name+"="+value) }
	number := func(name string, n int64) { add(name, strconv.FormatInt(n, 10)) }
	switch {
	case s.delay < 0 || s.ttl < 0:
		return usagef("--delay and --ttl must not be negative")
	case s.delay > 0 && s.at != "":
		return usagef("--delay does not go with --at")
	case c.Flags().Changed("priority") && (s.priority < 0 || s.priority > 9):
		return usagef("--priority must be 0 to 9")
	}
	if s.delay > 0 {
		number(share.HeaderDeliverAfter, s.delay.Milliseconds())
	}
	if s.at != "" {
		ms, err := parseTime(s.at, time.Now())
		if err != nil {
			return err
		}
		number(share.HeaderDeliverAt, ms)
	}
	if s.ttl > 0 {
		number(share.HeaderTTL, s.ttl.Milliseconds())
	}
	if s.priority >= 0 {
		number(share.HeaderPriority, int64(s.priority))
	}
	if s.id != "" {
		add(partition.HeaderMessageID, s.id)
	}
	if s.routes != "" {
		add(filter.HeaderRoutingKey, s.routes)
	}
	return nil
}

func queueSetCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "set GROUP NAME=VALUE...", Short: "Set settings of a group; NAME= alone takes one back to its default",
		Example: `  weir queue set billing share.auto.offset.reset=earliest errors.deadletterqueue.topic.name=dlq.billing
  weir queue set eu 'weir.share.filter=pattern:orders.*.eu.#'`,
		Args: Args(cobra.MinimumNArgs(2)), ValidArgsFunction: o.completeGroups,
		RunE: func(c *cobra.Command, a []string) error {
			return o.admin(c.Context(), func(ctx context.Context, _ *kadm.Client) error { return o.setGroup(ctx, a[0], a[1:]) })
		},
	}
}

// setGroup sets settings of a group, NAME=VALUE each.
func (o *options) setGroup(ctx context.Context, group string, settings []string) error {
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeGroupConfig, group
	for _, text := range settings {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return usagef("setting %q is not NAME=VALUE", text)
		}
		config := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		config.Name, config.Value = name, kmsg.StringPtr(value)
		if value == "" {
			config.Op, config.Value = kmsg.IncrementalAlterConfigOpDelete, nil
		}
		resource.Configs = append(resource.Configs, config)
	}
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.Resources = append(req.Resources, resource)
	cl, err := o.dial()
	if err != nil {
		return err
	}
	defer cl.Close()
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		return fmt.Errorf("set settings of group %q: %w", group, err)
	}
	for _, r := range resp.Resources {
		if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
			if r.ErrorMessage != nil {
				err = fmt.Errorf("%w: %s", err, *r.ErrorMessage)
			}
			return fmt.Errorf("set settings of group %q: %w", group, err)
		}
	}
	return nil
}

// receiving is what `queue receive` was asked to do.
type receiving struct {
	*options
	group, format, ack string
	count              int64
	idle               time.Duration
	start              bool
}

// acks are the ways to settle what was printed.
var acks = map[string]kgo.AckStatus{"accept": kgo.AckAccept, "release": kgo.AckRelease, "reject": kgo.AckReject}

func queueReceiveCommand(o *options) *cobra.Command {
	r := &receiving{options: o}
	c := &cobra.Command{
		Use: "receive TOPIC...", Short: "Receive messages as a member of a share group, print them, and settle them",
		Long: `Receive messages as a member of a share group, print them, and settle them: each is accepted once it was
printed, or released for another, or rejected. What was taken ahead when it stops is released too: that counts as a delivery,
and waits for as long as the group's backoff says.

A group begins with messages that come from then on, unless its setting share.auto.offset.reset says otherwise
or --from-start is given. The format is that of "weir consume".`,
		Example: `  weir queue receive jobs --group workers --from-start
  weir queue receive jobs --group workers -n 1 --ack release`,
		Args: Args(cobra.MinimumNArgs(1)), ValidArgsFunction: o.completeTopics,
		RunE: func(c *cobra.Command, topics []string) error { return r.run(c, topics) },
	}
	f := c.Flags()
	f.StringVarP(&r.group, "group", "g", "", "the share group (required)")
	f.StringVarP(&r.format, "format", "f", `%v\n`, "how to print a message")
	f.StringVar(&r.ack, "ack", "accept", "accept, release or reject what was printed")
	f.Int64VarP(&r.count, "count", "n", 0, "stop after so many messages (0: no limit)")
	f.DurationVar(&r.idle, "idle", 0, "stop when no message came for so long (0: never)")
	f.BoolVar(&r.start, "from-start", false, "set the group's share.auto.offset.reset to earliest")
	return c
}

func (r *receiving) run(c *cobra.Command, topics []string) error {
	status, ok := acks[r.ack]
	if !ok {
		return usagef("--ack %q is none of accept, release, reject", r.ack)
	}
	show, err := (&consumption{options: r.options, format: r.format}).printer()
	if err != nil {
		return err
	}
	most := int64(500)
	if r.count > 0 {
		most = min(most, r.count)
	}
	cl, err := r.join(c.Context(), topics, most)
	if err != nil {
		return err
	}
	defer cl.Close() // what was not settled is released
	last := time.Now()
	for got := int64(0); r.count == 0 || got < r.count; {
		ctx, cancel := context.WithTimeout(c.Context(), 250*time.Millisecond)
		fetches := cl.PollRecords(ctx, int(most))
		cancel()
		if c.Context().Err() != nil {
			return nil
		}
		if err := fatal(fetches); err != nil {
			return err
		}
		for it := fetches.RecordIter(); !it.Done() && (r.count == 0 || got < r.count); got++ {
			x := it.Next()
			if err := show(c.OutOrStdout(), x); err != nil {
				return fmt.Errorf("print message: %w", err)
			}
			x.Ack(status)
			last = time.Now()
		}
		if err := cl.FlushAcks(c.Context()); err != nil {
			return fmt.Errorf("settle messages: %w", err)
		}
		if r.idle > 0 && time.Since(last) > r.idle {
			return nil
		}
	}
	return nil
}

// join makes a client that is a member of the group and takes most messages at a time.
func (r *receiving) join(ctx context.Context, topics []string, most int64, more ...kgo.Opt) (*kgo.Client, error) {
	if r.group == "" {
		return nil, usagef("--group is required")
	}
	if r.start {
		err := r.admin(ctx, func(ctx context.Context, _ *kadm.Client) error {
			return r.setGroup(ctx, r.group, []string{"share.auto.offset.reset=earliest"})
		})
		if err != nil {
			return nil, err
		}
	}
	return r.dial(append([]kgo.Opt{kgo.ShareGroup(r.group), kgo.ConsumeTopics(topics...), kgo.ShareMaxRecords(int32(most)),
		kgo.ShareMaxRecordsStrict(), kgo.FetchMaxWait(500 * time.Millisecond)}, more...)...)
}
