package admin

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"weir/groups"
	"weir/metadata"
	"weir/partition"
	"weir/record"
	"weir/share"
)

type redriveInput struct {
	Topic   string `path:"topic" maxLength:"249"`
	Group   string `query:"group" default:"default" maxLength:"255" doc:"The group that gave the messages up."`
	RawBody []byte
}

type redriveBody struct {
	IDs    []string `json:"ids,omitempty" maxItems:"1000" nullable:"false" doc:"Those with these ids."`
	All    bool     `json:"all,omitempty" doc:"Or all, as many as max."`
	Max    int      `json:"max,omitempty" minimum:"1" maximum:"1000" doc:"The most that all sends; 1000 when it is not there."`
	To     string   `json:"to,omitempty" doc:"The topic to which they go, by key; the one that they came from when it is not there."`
	DryRun bool     `json:"dry_run,omitempty" doc:"Only tell what would be sent."`
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
}

// maxRedrives is how often a message may come back from the dead: one that dies again and again goes in circles.
const maxRedrives = 5

func (b *redriveBody) check() (map[letterID]bool, error) {
	switch {
	case len(b.IDs) == 0 && !b.All:
		return nil, invalid("body.ids", "say which: ids, or all")
	case len(b.IDs) > 0 && b.All:
		return nil, invalid("body.ids", "ids do not go with all")
	case len(b.IDs) > maxMessages:
		return nil, invalid("body.ids", fmt.Sprintf("there are more than %d", maxMessages))
	case b.Max < 0 || b.Max > maxMessages:
		return nil, invalid("body.max", fmt.Sprintf("must be from 1 to %d", maxMessages))
	}
	if b.Max == 0 {
		b.Max = maxMessages
	}
	ids := make(map[letterID]bool, len(b.IDs))
	for _, text := range b.IDs {
		id, ok := parseLetterID(text)
		if !ok {
			return nil, invalid("body.ids", fmt.Sprintf("%.64q is no id of a dead letter", text))
		}
		ids[id] = true
	}
	return ids, nil
}

func (d *Door) serveRedrive(ctx context.Context, in *redriveInput) (*answer, error) {
	var b redriveBody
	if err := decode(in.RawBody, &b); err != nil {
		return nil, d.failed(err)
	}
	ids, err := b.check()
	if err != nil {
		return nil, d.failed(err)
	}
	if b.To == "" {
		b.To = in.Topic
	}
	to, err := d.topic(ctx, b.To)
	if err != nil {
		return nil, d.failed(err)
	}
	d.redriving.Lock() // what was sent again is read, changed and kept
	defer d.redriving.Unlock()
	g, err := d.graves(ctx, in.Topic, in.Group)
	if err != nil {
		return nil, d.failed(err)
	}
	out, err := d.redrive(ctx, g, to, &b, ids)
	if err != nil {
		return nil, d.failed(err)
	}
	return told(statusOf(len(out.Results)-out.Redriven), out), nil
}

// sentAgain is a message that was appended again.
type sentAgain struct {
	at     letterID
	result int // its place among the results
	index  int32
	ticket partition.Ticket
}

// redrive sends dead letters again, and keeps that it did once they are durable.
func (d *Door) redrive(ctx context.Context, g *graves, to *metadata.Topic, b *redriveBody, ids map[letterID]bool) (*redrivenAll, error) {
	out := &redrivenAll{Results: []redriven{}}
	var waiting []sentAgain
	planned := make([]share.Redriven, len(g.done)) // what is to be kept, which must fit
	for i := range planned {
		planned[i] = g.done[i].Clone()
	}
	take := func(at letterID, r *record.Record, l share.Letter) bool {
		if b.All && len(out.Results) == b.Max {
			return false
		}
		if !b.All && !ids[at] {
			return true
		}
		delete(ids, at)
		out.Results = append(out.Results, redriven{ID: at.String()})
		result := &out.Results[len(out.Results)-1]
		if l.Redrives >= maxRedrives {
			result.Error = problem(http.StatusConflict, "It was sent again %d times already.", l.Redrives)
			return true
		}
		plan := planned[at.partition].Clone()
		plan.Add(at.offset, at.offset)
		if _, err := plan.Text(); err != nil {
			result.Error = problem(http.StatusConflict, "%s.", err)
			return true
		}
		planned[at.partition] = plan
		if b.DryRun {
			out.Redriven++
			return true
		}
		a := sentAgain{at: at, result: len(out.Results) - 1}
		err := d.appendAgain(g, to, r, l, &a)
		if err != nil {
			result.Error = d.problemOf(err)
			return true
		}
		waiting = append(waiting, a)
		return true
	}
	for from := (&letterID{}); from != nil && (b.All || len(ids) > 0); {
		next, err := d.walk(g, *from, take)
		if err != nil {
			return nil, err
		}
		if from = next; from != nil {
			from.offset++
		}
		if b.All && len(out.Results) == b.Max {
			break
		}
	}
	for id := range ids {
		out.Results = append(out.Results, redriven{ID: id.String(),
			Error: problem(http.StatusNotFound, "There is no such dead letter of topic %s and group %s, or it was sent again.", g.of, g.group)})
	}
	return out, d.keep(ctx, g, waiting, out)
}

// appendAgain appends a dead letter's message.
func (d *Door) appendAgain(g *graves, to *metadata.Topic, r *record.Record, l share.Letter, a *sentAgain) (err error) {
	a.index = l.Partition
	switch n := len(to.Partitions); {
	case to.Name == g.of && int(l.Partition) < n:
	case r.Key != nil:
		a.index = partitionOf(r.Key, n)
	default:
		a.index = int32(d.turn.Add(1) % uint32(n))
	}
	batch := record.NewBuilder(record.Options{})
	batch.Append(d.Clock.Now().UnixMilli(), r.Key, r.Value,
		share.RedriveHeaders(r.Headers, l.Redrives, g.topic.Name+":"+a.at.String())...)
	a.ticket, err = d.Handlers.Append(to, a.index, batch.Build().Raw)
	return err
}

// keep waits until what was sent again is durable, and has it count no more as dead letters.
func (d *Door) keep(ctx context.Context, g *graves, waiting []sentAgain, out *redrivenAll) error {
	if len(waiting) == 0 {
		return nil
	}
	changed := make(map[int32]bool)
	for i := range waiting {
		a := &waiting[i]
		result := &out.Results[a.result]
		if err := a.ticket.Wait(ctx.Done()); err != nil {
			result.Error = d.problemOf(err)
			continue
		}
		result.Partition, result.Offset = &a.index, &a.ticket.BaseOffset
		g.done[a.at.partition].Add(a.at.offset, a.at.offset)
		changed[a.at.partition] = true
		out.Redriven++
	}
	topic := groups.CommitTopic{Name: g.topic.Name, ID: g.topic.ID}
	for index := range changed {
		text, err := g.done[index].Text()
		if err != nil {
			return fmt.Errorf("keep what was redriven: %w", err)
		}
		topic.Partitions = append(topic.Partitions, groups.CommitPartition{Index: index, Offset: g.done[index].Next, LeaderEpoch: -1, Metadata: &text})
	}
	kept, err := d.Groups.CommitOffsets(groups.CommitRequest{GroupID: share.RedriveGroup(g.topic.Name), Generation: groups.NoGeneration,
		MemberID: groups.NoMember, RetentionMs: -1, Topics: []groups.CommitTopic{topic}}).Result()
	if err != nil {
		return fmt.Errorf("keep what was redriven: %w", err)
	}
	for _, p := range kept.Topics[0].Partitions {
		if p.Err != nil {
			return fmt.Errorf("keep what was redriven: %w", p.Err)
		}
	}
	return nil
}
