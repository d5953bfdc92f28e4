package admin

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"weir/coordinator"
	"weir/metadata"
	"weir/share"
)

type depthInput struct {
	Topic string `path:"topic" maxLength:"249"`
	Group string `query:"group" default:"default" maxLength:"255" doc:"For which group."`
}

// depthOf is how many messages are in which state.
type depthOf struct {
	Available int64 `json:"available" doc:"May be received now."`
	Unseen    int64 `json:"unseen" doc:"Of those, no receive has come to: whether they are delayed, or wanted by the group at all, is not known."`
	InFlight  int64 `json:"in_flight" doc:"Held by whoever received them."`
	Delayed   int64 `json:"delayed" doc:"Not due yet, or waiting for their next try."`
	Dying     int64 `json:"dying" doc:"Given up, and their dead letters are not written yet."`
}

type partitionDepth struct {
	Partition int32 `json:"partition"`
	depthOf
}

type queueDepth struct {
	Topic string `json:"topic"`
	Group string `json:"group"`
	depthOf
	DeadLetterTopic string           `json:"dead_letter_topic,omitempty" doc:"Where the group's dead letters go; not there if it has none."`
	DeadLetters     int64            `json:"dead_letters" doc:"How many are in that topic and were not sent again: of all queues that share it."`
	Partitions      []partitionDepth `json:"partitions"`
}

func (d *Door) addDepth(api huma.API) {
	op := d.post("depth", "", "Tell how many messages there are", "What a group has before it. Nothing is read of the log for it.")
	op.Method = http.MethodGet
	gives[queueDepth](api, &op, http.StatusOK, "How many messages are in which state, in all and by partition.")
	register(api, op, d.serveDepth)
}

func (d *Door) serveDepth(ctx context.Context, in *depthInput) (*answer, error) {
	topic, err := d.topic(ctx, in.Topic)
	if err != nil {
		return nil, d.failed(err)
	}
	if !validGroup(in.Group) {
		return nil, d.failed(invalid("query.group", "must be text of 1 to 255 bytes without control characters"))
	}
	out := queueDepth{Topic: topic.Name, Group: in.Group, Partitions: []partitionDepth{}}
	if err := d.measure(ctx, topic, &out); err != nil {
		return nil, d.failed(err)
	}
	if err := d.countLetters(ctx, &out); err != nil {
		return nil, d.failed(err)
	}
	return told(http.StatusOK, out), nil
}

// measure asks the group's state how deep each partition is.
func (d *Door) measure(ctx context.Context, topic *metadata.Topic, out *queueDepth) error {
	keys := make([]share.Key, len(topic.Partitions))
	for i := range keys {
		keys[i] = share.Key{Group: out.Group, PartitionID: metadata.PartitionID{Topic: topic.ID, Index: int32(i)}}
	}
	if d.Handlers.HasShareTopic() {
		d.awaitLoaded(ctx, keys)
	}
	asked := make([]*coordinator.Future[share.Offsets], len(keys))
	for i, key := range keys {
		asked[i] = d.Shares.Offsets(key)
	}
	sum := share.Depth{}
	for i, key := range keys {
		p, err := d.Partitions.Get(key.PartitionID)
		if err != nil {
			return err
		}
		at, err := asked[i].Result()
		if d.nobodyReceived(err) {
			at, err = share.Offsets{Start: -1}, nil
		}
		if err != nil {
			return err
		}
		if at.Start < 0 && d.fromStart(out.Group) {
			at = share.Offsets{Start: p.StartOffset(), Known: p.StartOffset()}
		}
		depth := at.Depth(p.HighWatermark())
		sum.Add(depth)
		out.Partitions = append(out.Partitions, partitionDepth{int32(i), shownDepth(depth)})
	}
	out.depthOf = shownDepth(sum)
	return nil
}

func shownDepth(d share.Depth) depthOf {
	return depthOf{Available: d.Available, Unseen: d.Unseen, InFlight: d.InFlight, Delayed: d.Delayed, Dying: d.Dying}
}

// fromStart tells whether a group that nobody has received for will begin with the oldest message.
func (d *Door) fromStart(group string) bool {
	_, own := d.Cluster.Image().GroupConfig(group)["share.auto.offset.reset"]
	return !own || d.Handlers.ShareSettings(group).Reset.Kind == share.ResetEarliest
}

// countLetters counts the dead letters by the offsets of their topic, without those that were sent again.
func (d *Door) countLetters(ctx context.Context, out *queueDepth) error {
	topic, err := d.graveTopic(ctx, out.Topic, out.Group)
	if told := (*huma.ErrorModel)(nil); errors.As(err, &told) && told.Status == http.StatusNotFound {
		out.DeadLetterTopic = d.Handlers.ShareSettings(out.Group).DeadLetters // which is not there yet, if it is named
		return nil
	}
	if err != nil {
		return err
	}
	out.DeadLetterTopic = topic.Name
	g, err := d.graves(ctx, out.Topic, out.Group, topic)
	if err != nil {
		return err
	}
	for i := range topic.Partitions {
		p, err := d.Partitions.Get(metadata.PartitionID{Topic: topic.ID, Index: int32(i)})
		if err != nil {
			return err
		}
		first, last := p.StartOffset(), p.HighWatermark()-1
		out.DeadLetters += max(last-first+1-g.done[i].Count(first, last), 0)
	}
	return nil
}
