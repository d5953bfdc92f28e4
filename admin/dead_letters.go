package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"weir/coordinator"
	"weir/groups"
	"weir/metadata"
	"weir/record"
	"weir/share"
)

type deadLettersInput struct {
	Topic string `path:"topic" maxLength:"249"`
	Group string `query:"group" default:"default" maxLength:"255" doc:"The group that gave the messages up."`
	Max   int    `query:"max" default:"100" minimum:"1" maximum:"1000" doc:"The most dead letters; an answer has about 1 MiB of them, or one."`
	After string `query:"after" maxLength:"64" doc:"The id after which to go on: next of the answer before."`

	Filter string `query:"filter" maxLength:"4096" doc:"Only those that match: an expression in CEL on key and headers, or pattern: and a topic pattern, as weir.share.filter has them."`
	Reason string `query:"reason" maxLength:"1000" doc:"Only those whose reason has this text."`
}

// deadLetter is one that was not sent again.
type deadLetter struct {
	ID            string            `json:"id" doc:"What redrive takes."`
	TimestampMs   int64             `json:"timestamp_ms" doc:"When it was given up; ms since the Unix epoch."`
	Partition     int32             `json:"partition" doc:"Where the message was."`
	Offset        int64             `json:"offset" doc:"Where the message was."`
	DeliveryCount int               `json:"delivery_count" doc:"How often it had been delivered."`
	Reason        string            `json:"reason" doc:"Why it was given up."`
	Redrives      int               `json:"redrives" doc:"How often it had been sent again before."`
	Key           *string           `json:"key,omitempty" doc:"The key if it is text."`
	KeyBase64     []byte            `json:"key_base64,omitempty" required:"false" doc:"The key if it is not text."`
	Value         *string           `json:"value,omitempty" doc:"The value if it is text."`
	ValueBase64   []byte            `json:"value_base64,omitempty" required:"false" doc:"The value if it is not text."`
	Headers       map[string]string `json:"headers,omitempty" doc:"Those whose values are text."`
	HeadersBase64 map[string][]byte `json:"headers_base64,omitempty" doc:"Those whose values are not text."`
}

type deadLetters struct {
	Topic       string       `json:"topic" doc:"Where the dead letters are."`
	DeadLetters []deadLetter `json:"dead_letters"`
	Next        string       `json:"next,omitempty" doc:"There may be more: ask again with after."`
}

func (d *Door) addDeadLetters(api huma.API) {
	op := d.post("dead-letters", "/dead-letters", "List dead letters",
		"Messages of the topic that the group gave up and that were not sent again since, by weir dlq or by redrive.")
	op.Method = http.MethodGet
	gives[deadLetters](api, &op, http.StatusOK, "The dead letters, partition by partition.")
	register(api, op, d.serveDeadLetters)
	op = d.post("redrive", "/dead-letters/redrive", "Send dead letters again",
		"Their messages go to the partition that they came from, or by key to another topic, and count no more as dead letters. One redrive goes on "+
			"at a time, by HTTP or by weir dlq. If the broker dies meanwhile some may come twice, with one weir.message.id.")
	takes[redriveBody](api, &op, false, true)
	gives[redrivenAll](api, &op, http.StatusOK, "What was sent again.")
	gives[redrivenAll](api, &op, http.StatusMultiStatus, "Some could not be sent; results tells which.")
	register(api, op, d.serveRedrive)
}

func (d *Door) serveDeadLetters(ctx context.Context, in *deadLettersInput) (*answer, error) {
	topic, err := d.graveTopic(ctx, in.Topic, in.Group)
	if err != nil {
		return nil, d.failed(err)
	}
	g, err := d.graves(ctx, in.Topic, in.Group, topic)
	if err != nil {
		return nil, d.failed(err)
	}
	from := letterID{}
	if in.After != "" {
		after, ok := parseLetterID(in.After)
		if !ok {
			return nil, d.failed(invalid("query.after", "is no id of a dead letter"))
		}
		from = letterID{after.partition, after.offset + 1}
	}
	choice, err := chooseLetters("query", in.Filter, in.Reason)
	if err != nil {
		return nil, d.failed(err)
	}
	out := deadLetters{Topic: g.topic.Name, DeadLetters: []deadLetter{}}
	left := space{bytes: answerBytes}
	next, err := d.walk(g, from, func(at letterID, r *record.Record, size int64, l share.Letter) bool {
		if !choice.picks(at, r, l) {
			return true
		}
		if len(out.DeadLetters) == in.Max || !left.take(size) {
			return false
		}
		out.DeadLetters = append(out.DeadLetters, shown(at, r, l))
		return true
	})
	if err != nil {
		return nil, d.failed(err)
	}
	if next != nil {
		out.Next = next.String()
	}
	return told(http.StatusOK, out), nil
}

func shown(at letterID, r *record.Record, l share.Letter) deadLetter {
	s := deadLetter{ID: at.String(), TimestampMs: r.Timestamp, Partition: l.Partition, Offset: l.Offset, DeliveryCount: l.Deliveries,
		Reason: l.Message, Redrives: l.Redrives}
	s.Key, s.KeyBase64 = text(r.Key)
	s.Value, s.ValueBase64 = text(r.Value)
	var own []record.RecordHeader
	for _, h := range r.Headers {
		if !strings.HasPrefix(h.Key, share.DeadHeaders) {
			own = append(own, h)
		}
	}
	s.Headers, s.HeadersBase64 = headersOf(own)
	return s
}

// letterID is the place of a dead letter in its topic.
type letterID struct {
	partition int32
	offset    int64
}

// String is as weir dlq has it.
func (l letterID) String() string {
	return strconv.Itoa(int(l.partition)) + ":" + strconv.FormatInt(l.offset, 10)
}

func parseLetterID(text string) (letterID, bool) {
	p, o, ok := strings.Cut(text, ":")
	index, err := strconv.ParseInt(p, 10, 32)
	offset, err2 := strconv.ParseInt(o, 10, 63)
	return letterID{int32(index), offset}, ok && err == nil && err2 == nil && index >= 0 && offset >= 0
}

// graves is the topic for the dead letters of a group, those of one topic, and what of it was sent again.
type graves struct {
	of, group string
	topic     *metadata.Topic
	done      []share.Redriven // by partition
}

// graveTopic finds the topic to which a group's dead letters of a topic go.
func (d *Door) graveTopic(ctx context.Context, of, group string) (*metadata.Topic, error) {
	if _, err := d.topic(ctx, of); err != nil {
		return nil, err
	}
	name := d.Handlers.ShareSettings(group).DeadLetters
	if name == "" {
		return nil, problem(http.StatusNotFound, "Group %s has no topic for dead letters (errors.deadletterqueue.topic.name).", group)
	}
	topic := d.Cluster.Image().Topic(name)
	if topic == nil {
		return nil, problem(http.StatusNotFound, "There is no topic %s yet; it is made for the first dead letter.", name)
	}
	return topic, nil
}

// graves reads what of a topic for dead letters was sent again.
func (d *Door) graves(ctx context.Context, of, group string, topic *metadata.Topic) (*graves, error) {
	name := topic.Name
	g := &graves{of: of, group: group, topic: topic}
	g.done = make([]share.Redriven, len(g.topic.Partitions))
	if err := d.Handlers.EnsureGroups(ctx, share.RedriveGroup(name)); err != nil {
		return nil, fmt.Errorf("read what was redriven: %w", errors.Join(err, coordinator.ErrNotAvailable))
	}
	asked := groups.FetchTopic{Name: name, ID: g.topic.ID}
	for i := range g.topic.Partitions {
		asked.Partitions = append(asked.Partitions, int32(i))
	}
	kept, err := d.Groups.FetchOffsets(groups.FetchRequest{GroupID: share.RedriveGroup(name), MemberEpoch: -1,
		Topics: []groups.FetchTopic{asked}}).Result()
	if err != nil {
		return nil, fmt.Errorf("read what was redriven: %w", err)
	}
	for _, p := range kept.Topics[0].Partitions {
		if p.Err == nil && p.Offset >= 0 { // else nothing was
			if g.done[p.Index], err = share.ParseRedriven(p.Offset, p.Metadata); err != nil {
				return nil, fmt.Errorf("group %s: %w", share.RedriveGroup(name), err)
			}
		}
	}
	return g, nil
}

// walkBytes bounds how much one request looks at, in the log and decompressed.
const walkBytes = 32 << 20

// letterVisitor is given a dead letter, and about how many bytes it takes. It is false when no more are wanted, this one neither.
type letterVisitor func(at letterID, r *record.Record, size int64, l share.Letter) (more bool)

// walk visits the dead letters from a place on that were not sent again, partition by partition, until visit has enough. next is
// the place after which to go on, nil at the end.
func (d *Door) walk(g *graves, from letterID, visit letterVisitor) (next *letterID, err error) {
	inLog, looked := 0, int64(0)
	for i := from.partition; int(i) < len(g.topic.Partitions); i++ {
		p, err := d.Partitions.Get(metadata.PartitionID{Topic: g.topic.ID, Index: i})
		if err != nil {
			return nil, err
		}
		g.done[i].Add(0, p.StartOffset()-1)
		at, full := g.done[i].Next, false
		if i == from.partition {
			at = max(at, from.offset)
		}
		for at < p.HighWatermark() {
			if inLog += readBytes; inLog > walkBytes {
				return &letterID{i, at - 1}, nil
			}
			at, err = read(p, at, readBytes, func(r *record.Record, size int64) bool {
				if full = looked >= walkBytes; full {
					return false
				}
				looked += size
				l, ok := share.ReadLetter(r.Headers)
				if ok && l.Topic == g.of && l.Group == g.group && !g.done[i].Has(r.Offset) {
					full = !visit(letterID{i, r.Offset}, r, size, l)
				}
				return !full
			})
			if err != nil {
				return nil, err
			}
			if full {
				return &letterID{i, at - 1}, nil
			}
		}
	}
	return nil, nil
}
