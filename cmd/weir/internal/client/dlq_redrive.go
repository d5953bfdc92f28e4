package client

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/time/rate"

	"weir/share"
)

// redrive is what `dlq redrive` was asked to do.
type redrive struct {
	selection
	to                       string
	all, dryRun, empty, keep bool
	perSecond                float64
	maxRedrives              int
	wait                     time.Duration
}

// redriven is what is printed in the end.
type redriven struct {
	Redriven int64 `json:"redriven"`
	// Loops are letters of records that were redriven too often, Empty those that do not have their record, Homeless those that do
	// not say where it came from. They stay.
	Loops    int64         `json:"loops"`
	Empty    int64         `json:"empty"`
	Homeless int64         `json:"homeless"`
	Depth    int64         `json:"depth"` // what is left
	Letters  []shownLetter `json:"letters,omitempty"`
}

func dlqRedriveCommand(o *options) *cobra.Command {
	r := &redrive{selection: selection{options: o}}
	c := &cobra.Command{
		Use: "redrive TOPIC [PARTITION:OFFSET...]", Short: "Send the records of dead letters again",
		Long: `Send the records of dead letters again: to the partition that they came from, or to another topic.

Each letter is redriven once, whoever else redrives the topic by this command or over HTTP: one does so at a
time. A letter counts as redriven when its record is durable, so a record may come twice if the command is
killed: it carries the weir.message.id "redrive:TOPIC:PARTITION:OFFSET", by which a topic with
weir.dedup.window.ms takes it once. After a kill the next redrive waits until the session of the one that was
killed is over (group.consumer.session.timeout.ms). When all letters before an offset are redriven they are
deleted, unless --keep is given.

A record that was redriven --max-redrives times (header weir.redrive.count) and died again stays where it is.`,
		Example: `  weir dlq redrive dlq.orders --all --dry-run
  weir dlq redrive dlq.orders 0:17 2:4
  weir dlq redrive dlq.orders --filter 'headers["region"] == "eu"' --rate 100
  weir dlq redrive dlq.orders --all --to orders-repair`,
		Args: Args(cobra.MinimumNArgs(1)), ValidArgsFunction: o.completeTopics,
		RunE: func(c *cobra.Command, a []string) error {
			if err := r.check(a[1:]); err != nil {
				return err
			}
			return r.run(c, a[0])
		},
	}
	r.bind(c)
	f := c.Flags()
	f.BoolVar(&r.all, "all", false, "all that were not redriven")
	f.BoolVarP(&r.dryRun, "dry-run", "d", false, "only show what would be sent")
	f.StringVar(&r.to, "to", "", "send to this topic, by key, not to where the record came from")
	f.Float64Var(&r.perSecond, "rate", 0, "at most so many records a second (0: no limit)")
	f.IntVar(&r.maxRedrives, "max-redrives", 5, "leave records that were redriven so often")
	f.BoolVar(&r.empty, "empty", false, "also letters without key, value and headers of their record")
	f.BoolVar(&r.keep, "keep", false, "do not delete letters that were redriven")
	f.DurationVar(&r.wait, "wait", time.Minute, "how long to wait while another redrives the topic")
	return c
}

func (r *redrive) check(ids []string) error {
	if err := r.parse(ids); err != nil {
		return err
	}
	some := r.ids != nil || r.filter != nil || r.group != "" || r.origin != "" || r.reason != ""
	switch {
	case !some && !r.all:
		return usagef("say which letters: PARTITION:OFFSET, --filter, --group, --origin, --reason or --all")
	case some && r.all:
		return usagef("--all does not go with a choice of letters")
	case r.wait < 0:
		return usagef("--wait must not be negative")
	case r.perSecond < 0 || r.maxRedrives < 1:
		return usagef("--rate must not be negative, --max-redrives at least 1")
	}
	return nil
}

func (r *redrive) run(c *cobra.Command, topic string) error {
	ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var opts []kgo.Opt
	if r.to == "" {
		opts = append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	}
	opts = append(opts, kgo.UnknownTopicRetries(3), kgo.RecordDeliveryTimeout(min(r.timeout, sendTimeout)),
		kgo.ProducerBatchMaxBytes(64<<20), kgo.BrokerMaxWriteBytes(100<<20))
	out := &redriven{}
	var d *letters
	var err error
	if r.dryRun {
		d, err = r.dryly(ctx, topic, out)
	} else {
		err = r.holding(ctx, topic, func(m *redriver) (err error) {
			d, err = r.really(ctx, topic, opts, m, out)
			return err
		})
	}
	if d == nil {
		return err
	}
	out.Depth = d.summary().Depth
	return errors.Join(err, r.printRedriven(c, out))
}

// sendTimeout bounds how long records are on their way: less than a hold outlasts the sending (share.Hold).
const sendTimeout = 15 * time.Second

// dryly finds what would be redriven.
func (r *redrive) dryly(ctx context.Context, topic string, out *redriven) (*letters, error) {
	return r.each(ctx, topic, nil, func(_ *kgo.Client, picked []*deadLetter, _ *letters) error {
		for _, l := range r.sort(picked, out) {
			out.Letters = append(out.Letters, l.shown())
			out.Redriven++
		}
		return nil
	})
}

// really redrives.
func (r *redrive) really(ctx context.Context, topic string, opts []kgo.Opt, m *redriver, out *redriven) (*letters, error) {
	limit := rate.NewLimiter(rate.Inf, 1)
	if r.perSecond > 0 {
		limit.SetLimit(rate.Limit(r.perSecond))
	}
	d, err := r.each(ctx, topic, opts, func(cl *kgo.Client, picked []*deadLetter, d *letters) error {
		for going := r.sort(picked, out); len(going) > 0; {
			n := min(len(going), r.chunk())
			if err := r.send(ctx, cl, limit, going[:n], m, d, out); err != nil {
				return err
			}
			going = going[n:]
		}
		return nil
	})
	if d == nil || err != nil {
		return d, err
	}
	return d, r.clear(context.WithoutCancel(ctx), d)
}

// sort leaves out the letters that cannot go.
func (r *redrive) sort(picked []*deadLetter, out *redriven) (going []*deadLetter) {
	for _, l := range picked {
		switch {
		case l.Redrives >= r.maxRedrives:
			out.Loops++
		case r.to == "" && l.Topic == "":
			out.Homeless++
		case share.BareLetter(l.record.Key, l.record.Value, l.headers) && !r.empty:
			out.Empty++
		default:
			going = append(going, l)
		}
	}
	return going
}

// chunk is how many records are sent before what was done is kept: few when there is a limit, so that a second's are kept in time.
func (r *redrive) chunk() int {
	if r.perSecond > 0 {
		return max(1, min(int(r.perSecond), 500))
	}
	return 500
}

// send sends records again, and keeps that they were.
func (r *redrive) send(ctx context.Context, cl *kgo.Client, limit *rate.Limiter, going []*deadLetter, m *redriver, d *letters,
	out *redriven,
) error {
	if err := d.fits(going); err != nil {
		return err
	}
	if mutantKeepFirst {
		for _, l := range going {
			d.parts[l.record.Partition].done.Add(l.record.Offset, l.record.Offset)
		}
		if err := m.commit(d); err != nil {
			return err
		}
	}
	var records []*kgo.Record
	letter := make(map[*kgo.Record]*deadLetter, len(going))
	var failed error
	for _, l := range going {
		if failed = limit.Wait(ctx); failed != nil {
			break
		}
		x := &kgo.Record{Topic: r.to, Key: l.record.Key, Value: l.record.Value}
		if r.to == "" {
			x.Topic, x.Partition = l.Topic, l.Partition
		}
		for _, h := range share.RedriveHeaders(l.headers, l.Redrives, l.record.Topic+":"+l.place()) {
			x.Headers = append(x.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
		}
		records = append(records, x)
		letter[x] = l
	}
	if err := m.hold.Held(); err != nil {
		return err
	}
	// What is on its way is waited for, so that it is known what was done.
	for _, res := range cl.ProduceSync(context.WithoutCancel(ctx), records...) {
		l := letter[res.Record]
		if res.Err != nil {
			failed = errors.Join(failed, fmt.Errorf("redrive letter %s to %s: %w", l.place(), res.Record.Topic, res.Err))
			continue
		}
		d.parts[l.record.Partition].done.Add(l.record.Offset, l.record.Offset)
		out.Redriven++
	}
	return errors.Join(failed, m.commit(d))
}

// clear deletes the letters before which nothing is left.
func (r *redrive) clear(ctx context.Context, d *letters) error {
	offsets := kadm.Offsets{}
	for index, p := range d.parts {
		if p.done.Next > p.start {
			offsets.Add(kadm.Offset{Topic: d.topic, Partition: index, At: min(p.done.Next, p.end)})
		}
	}
	if r.keep || len(offsets) == 0 {
		return nil
	}
	return r.admin(ctx, func(ctx context.Context, adm *kadm.Client) error {
		answers, err := adm.DeleteRecords(ctx, offsets)
		if err == nil {
			err = answers.Error()
		}
		if err != nil {
			return fmt.Errorf("delete letters that were redriven: %w", err)
		}
		for index, p := range d.parts {
			if at, ok := offsets.Lookup(d.topic, index); ok {
				p.start = at.At
			}
		}
		return nil
	})
}

func (r *redrive) printRedriven(c *cobra.Command, out *redriven) error {
	w := c.OutOrStdout()
	if r.json {
		return r.print(w, out, nil)
	}
	if r.dryRun {
		t := &table{head: []string{"LETTER", "TO", "GROUP", "REASON", "KEY"}}
		for _, l := range out.Letters {
			to := r.to
			if to == "" {
				to = l.Origin
			}
			t.add(l.Letter, to, l.Group, strings.ReplaceAll(l.Reason, " ", "_"), cell(l.Record.Key))
		}
		if err := r.print(w, nil, t); err != nil {
			return err
		}
		fmt.Fprint(w, "would have been ")
	}
	fmt.Fprintf(w, "redriven %d  left %d  of those: redriven too often %d, without their record %d, without an origin %d\n",
		out.Redriven, out.Depth, out.Loops, out.Empty, out.Homeless)
	return nil
}
