package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/time/rate"

	"weir/metadata"
	"weir/record"
	"weir/share"
)

type redriveInput struct {
	Topic   string `path:"topic" maxLength:"249"`
	Group   string `query:"group" default:"default" maxLength:"255" doc:"The group that gave the messages up."`
	RawBody []byte
}

type redriveBody struct {
	IDs         list[string] `json:"ids,omitempty" maxItems:"1000" nullable:"false" doc:"Those with these ids."`
	All         bool         `json:"all,omitempty" doc:"Or all."`
	Filter      string       `json:"filter,omitempty" maxLength:"4096" doc:"Or those that match: an expression in CEL on key and headers, or pattern: and a topic pattern, as weir.share.filter has them."`
	Reason      string       `json:"reason,omitempty" doc:"Or those whose reason has this text."`
	After       string       `json:"after,omitempty" maxLength:"64" doc:"Only those after this id: next of the answer before."`
	Max         int          `json:"max,omitempty" minimum:"1" maximum:"1000" doc:"The most that are looked for, unless ids are given; 1000 when it is not there."`
	To          string       `json:"to,omitempty" maxLength:"249" doc:"The topic to which they go, by key; the one that they came from when it is not there."`
	Rate        float64      `json:"rate,omitempty" minimum:"0" doc:"At most so many a second; no limit when it is 0. The answer comes after weir.http.max.wait.ms at the latest, with next."`
	MaxRedrives int          `json:"max_redrives,omitempty" minimum:"1" doc:"Those that were sent again so often stay; 5 when it is not there."`
	Empty       bool         `json:"empty,omitempty" doc:"Also those that were written without key, value and headers of their message."`
	Keep        bool         `json:"keep,omitempty" doc:"Dead letters before which none is left are not deleted."`
	DryRun      bool         `json:"dry_run,omitempty" doc:"Only tell what would be sent."`

	choice letterChoice
	after  letterID
	ids    map[letterID]bool // nil when none are given
}

// redriven is what became of one dead letter.
type redriven struct {
	ID        string           `json:"id"`
	Partition *int32           `json:"partition,omitempty" doc:"Where its message is now."`
	Offset    *int64           `json:"offset,omitempty"`
	Error     *huma.ErrorModel `json:"error,omitempty" doc:"Why it stays a dead letter."`
}

type redrivenAll struct {
	Redriven int        `json:"redriven"`
	Results  []redriven `json:"results"`
	Next     string     `json:"next,omitempty" doc:"There may be more: ask again with after."`
}

// maxRedrives is how often a message may come back from the dead: one that dies again and again goes in circles.
const maxRedrives = 5

// check reads what the body says.
func (b *redriveBody) check() (err error) {
	some := b.All || b.Filter != "" || b.Reason != ""
	switch {
	case len(b.IDs) == 0 && !some:
		return invalid("body.ids", "say which: ids, all, filter or reason")
	case len(b.IDs) > 0 && (some || b.After != ""):
		return invalid("body.ids", "ids go with no other choice")
	case b.All && (b.Filter != "" || b.Reason != ""):
		return invalid("body.all", "all does not go with another choice")
	case b.Max < 0 || b.Max > maxMessages:
		return invalid("body.max", fmt.Sprintf("must be from 1 to %d", maxMessages))
	case b.Rate < 0:
		return invalid("body.rate", "must not be negative")
	case b.MaxRedrives < 0:
		return invalid("body.max_redrives", "must be positive")
	}
	if b.Max == 0 {
		b.Max = maxMessages
	}
	if b.MaxRedrives == 0 {
		b.MaxRedrives = maxRedrives
	}
	if b.choice, err = chooseLetters("body", b.Filter, b.Reason); err != nil {
		return err
	}
	if b.After != "" {
		after, ok := parseLetterID(b.After)
		if !ok {
			return invalid("body.after", "is no id of a dead letter")
		}
		b.after = letterID{after.partition, after.offset + 1}
	}
	return b.readIDs()
}

// readIDs reads the ids; the walk begins with the first of them.
func (b *redriveBody) readIDs() error {
	for _, text := range b.IDs {
		id, ok := parseLetterID(text)
		if !ok {
			return invalid("body.ids", fmt.Sprintf("%.64q is no id of a dead letter", text))
		}
		if b.ids == nil {
			b.ids, b.after = make(map[letterID]bool, len(b.IDs)), id
		}
		if id.partition < b.after.partition || id.partition == b.after.partition && id.offset < b.after.offset {
			b.after = id
		}
		b.ids[id] = true
	}
	return nil
}

func (d *Door) serveRedrive(ctx context.Context, in *redriveInput) (*answer, error) {
	var b redriveBody
	if err := decode(in.RawBody, &b); err != nil {
		return nil, d.failed(err)
	}
	if err := b.check(); err != nil {
		return nil, d.failed(err)
	}
	if b.To == "" {
		b.To = in.Topic
	}
	to, err := d.topic(ctx, b.To)
	if err != nil {
		return nil, d.failed(err)
	}
	over := d.Clock.NewTimer(max(d.config.MaxWait, time.Second))
	defer over.Stop()
	select {
	case d.redriving <- struct{}{}: // what was sent again is read, changed and kept
		defer func() { <-d.redriving }()
	case <-over.C():
		return nil, d.failed(share.ErrHeld)
	case <-ctx.Done():
		return nil, d.failed(ctx.Err())
	}
	topic, err := d.graveTopic(ctx, in.Topic, in.Group)
	if err != nil {
		return nil, d.failed(err)
	}
	r := redriving{door: d, to: to, body: &b, out: &redrivenAll{Results: []redriven{}}}
	if !b.DryRun {
		if r.hold, err = d.hold(ctx, over.C(), topic.Name); err != nil {
			return nil, d.failed(err)
		}
		defer r.leave()
	}
	if r.graves, err = d.graves(ctx, in.Topic, in.Group, topic); err != nil {
		return nil, d.failed(err)
	}
	if err := r.walk(ctx, over.C()); err != nil {
		return nil, d.failed(err)
	}
	return told(statusOf(len(r.out.Results)-r.out.Redriven), r.out), nil
}

// redriving is one redrive at work.
type redriving struct {
	door *Door
	*graves
	to      *metadata.Topic
	body    *redriveBody
	out     *redrivenAll
	limit   *rate.Limiter
	planned []share.Redriven // what is to be kept, which must fit
	waiting []sentAgain      // appended, not known to be durable yet
	ended   bool             // the time is over, or enough were found
	hold    *share.Hold      // nil for a dry run
	lost    error            // why nothing may be sent any more
}

// leave lets others redrive.
func (r *redriving) leave() {
	if err := r.hold.Leave(); err != nil {
		r.door.Logger.Warn("the hold on dead letters was not given back; it ends with its session", "topic", r.topic.Name, "error", err)
	}
}

// walk sends dead letters again until there are enough, none is left or the time is over, and keeps that it did.
func (r *redriving) walk(ctx context.Context, over <-chan time.Time) error {
	b := r.body
	r.limit = rate.NewLimiter(rate.Inf, 1)
	if b.Rate > 0 {
		r.limit.SetLimit(rate.Limit(b.Rate))
	}
	for i := range r.done {
		r.planned = append(r.planned, r.done[i].Clone())
	}
	var failed error
	next := &b.after
	for next != nil && failed == nil && !r.ended && r.lost == nil && (b.ids == nil || len(b.ids) > 0) {
		at := *next
		next, failed = r.door.walk(r.graves, at, func(at letterID, rec *record.Record, _ int64, l share.Letter) bool {
			return r.visit(ctx, over, at, rec, l)
		})
		if next != nil && b.ids == nil {
			r.out.Next = next.String()
		} else {
			r.out.Next = ""
		}
		if next != nil {
			next.offset++
		}
		select {
		case <-over:
			r.ended = true
		case <-ctx.Done():
			r.ended = true
		default:
		}
	}
	for id := range b.ids {
		p := problem(http.StatusNotFound, "There is no such dead letter of topic %s and group %s, or it was sent again.", r.of, r.group)
		if r.ended || failed != nil {
			p = problem(http.StatusGatewayTimeout, "It was not reached in time.")
		}
		r.out.Results = append(r.out.Results, redriven{ID: id.String(), Error: p})
	}
	// What was sent is waited for and kept, also when nobody waits for the answer.
	keeping, cancel := context.WithTimeout(context.WithoutCancel(ctx), durableTimeout)
	defer cancel()
	return errors.Join(failed, r.lost, r.keep(keeping))
}

// visit sends one dead letter again if it is meant. It is false when no more are to be visited, this one neither.
func (r *redriving) visit(ctx context.Context, over <-chan time.Time, at letterID, rec *record.Record, l share.Letter) bool {
	b := r.body
	switch {
	case b.ids == nil && len(r.out.Results) == b.Max:
		r.ended = true
	case b.ids != nil && !b.ids[at] || !b.choice.picks(at, rec, l):
		return true
	default:
		r.ended = !r.mayGo(ctx, over)
	}
	if r.hold != nil && !r.ended {
		r.lost = r.hold.Held()
	}
	if r.ended || r.lost != nil {
		return false
	}
	delete(b.ids, at)
	r.out.Results = append(r.out.Results, redriven{ID: at.String()})
	result := &r.out.Results[len(r.out.Results)-1]
	plan := r.planned[at.partition].Clone()
	plan.Add(at.offset, at.offset)
	switch _, err := plan.Text(); {
	case l.Redrives >= b.MaxRedrives:
		result.Error = problem(http.StatusConflict, "It was sent again %d times already.", l.Redrives)
	case share.BareLetter(rec.Key, rec.Value, rec.Headers) && !b.Empty:
		result.Error = problem(http.StatusConflict, "It was written without its message (errors.deadletterqueue.copy.record.enable).")
	case err != nil:
		result.Error = problem(http.StatusConflict, "%s.", err)
	case b.DryRun:
		r.planned[at.partition] = plan
		r.out.Redriven++
	default:
		r.planned[at.partition] = plan
		a := sentAgain{at: at, result: len(r.out.Results) - 1}
		if err := r.appendAgain(rec, l, &a); err != nil {
			result.Error = r.door.problemOf(err)
			return true
		}
		r.waiting = append(r.waiting, a)
	}
	return true
}

// mayGo waits until the rate allows one more; false when the time is over before.
func (r *redriving) mayGo(ctx context.Context, over <-chan time.Time) bool {
	now := r.door.Clock.Now()
	wait := r.limit.ReserveN(now, 1).DelayFrom(now)
	if wait == 0 || r.body.DryRun {
		return true
	}
	timer := r.door.Clock.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C():
		return true
	case <-over:
	case <-ctx.Done():
	}
	return false
}
