package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"weir/cluster"
	"weir/metadata"
	"weir/partition"
	"weir/record"
)

// sendInput is a request that sends. What the query or the headers say is for messages that do not say it themselves: those of
// raw bodies above all.
type sendInput struct {
	Topic       string `path:"topic" maxLength:"249"`
	ContentType string `header:"Content-Type" doc:"application/json for messages in JSON; with any other the body is the value of one message."`
	SendParameters
	RawBody []byte `contentType:"*/*"`
}

// sent is what became of one message.
type sent struct {
	Partition *int32           `json:"partition,omitempty" doc:"Where it is, once it is durable."`
	Offset    *int64           `json:"offset,omitempty"`
	Duplicate bool             `json:"duplicate,omitempty" doc:"A message of its id was there already, at this place."`
	Error     *huma.ErrorModel `json:"error,omitempty" doc:"Why it is not there."`
}

type sentAll struct {
	Partition *int32 `json:"partition,omitempty" doc:"Of the one message that was sent."`
	Offset    *int64 `json:"offset,omitempty" doc:"Of the one message that was sent."`
	Duplicate bool   `json:"duplicate,omitempty" doc:"A message of its id was there already, at this place."`
	Results   []sent `json:"results,omitempty" doc:"Of several messages, in their order."`
}

func (d *Door) addSend(api huma.API) {
	op := d.post("send", "/messages", "Send messages",
		"One message or several. The answer comes when all are durable. A topic that does not exist is made, if auto.create.topics.enable allows it.")
	takes[sendBody](api, &op, true, false)
	gives[sentAll](api, &op, http.StatusOK, "All messages are durable.")
	gives[sentAll](api, &op, http.StatusMultiStatus, "Some of several messages are not there; results tells which.")
	register(api, op, d.serveSend)
}

func (d *Door) serveSend(ctx context.Context, in *sendInput) (*answer, error) {
	given, err := in.given()
	if err != nil {
		return nil, d.failed(err)
	}
	messages, several, err := decodeMessages(in.ContentType, in.RawBody, given)
	if err != nil {
		return nil, d.failed(err)
	}
	topic, err := d.topicForSend(ctx, in.Topic)
	if err != nil {
		return nil, d.failed(err)
	}
	results, failures := d.send(ctx, topic, messages)
	if !several {
		if failures > 0 {
			return nil, d.failed(results[0].Error)
		}
		return told(http.StatusOK, sentAll{Partition: results[0].Partition, Offset: results[0].Offset,
			Duplicate: results[0].Duplicate}), nil
	}
	return told(statusOf(failures), sentAll{Results: results}), nil
}

// topic finds the topic of a queue. If it has just been made, it waits until its partitions are open; with an error of that wait it
// gives the topic too.
func (d *Door) topic(ctx context.Context, name string) (*metadata.Topic, error) {
	image := d.Cluster.Image()
	topic := image.Topic(name)
	switch {
	case cluster.Internal(name):
		return nil, problem(http.StatusForbidden, "Topic %s is an internal one.", name)
	case topic == nil:
		if err := cluster.CheckName(name); err != nil {
			return nil, err
		}
		return nil, problem(http.StatusNotFound, "There is no topic %s.", name)
	}
	for i := range topic.Partitions {
		if _, err := d.Partitions.Get(metadata.PartitionID{Topic: topic.ID, Index: int32(i)}); err != nil {
			ctx, cancel := context.WithTimeout(ctx, createTimeout)
			defer cancel()
			return topic, d.Cluster.AwaitApplied(ctx, image)
		}
	}
	return topic, nil
}

// createTimeout is how long a topic that is made may take to serve.
const createTimeout = 30 * time.Second

// topicForSend is topic, and makes one that does not exist if the broker's settings allow it, as they do for producers.
func (d *Door) topicForSend(ctx context.Context, name string) (*metadata.Topic, error) {
	topic, err := d.topic(ctx, name)
	if err == nil || topic != nil || cluster.Internal(name) || cluster.CheckName(name) != nil ||
		!d.Handlers.Settings().Bool("auto.create.topics.enable") {
		return topic, err
	}
	creating, cancel := context.WithTimeout(ctx, createTimeout)
	defer cancel()
	made := d.Cluster.CreateTopics(creating, []cluster.NewTopic{{Name: name, Partitions: -1, Replication: -1}}, false)
	if err := made[0].Err; err != nil && !errors.Is(err, cluster.ErrTopicExists) {
		return nil, fmt.Errorf("create topic %s: %w", name, err)
	}
	d.awaitKnown(creating, name)
	return d.topic(ctx, name)
}

// awaitKnown waits until a topic is in the image: another may have made it a moment ago.
func (d *Door) awaitKnown(ctx context.Context, name string) {
	for {
		changed := d.Cluster.Changed()
		if d.Cluster.Image().Topic(name) != nil {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// durableTimeout is how long messages may take to be durable.
const durableTimeout = 30 * time.Second

// send appends messages, and returns when they are durable or will not be. Those of one key, and those without, go to one
// partition in their order.
func (d *Door) send(ctx context.Context, topic *metadata.Topic, messages []Message) (results []sent, failures int) {
	results = make([]sent, len(messages))
	next := int32(d.turn.Add(1) % uint32(len(topic.Partitions)))
	of := make(map[int32][]int)
	for i := range messages {
		index := next
		if key := messages[i].key(); key != nil {
			index = partitionOf(key, len(topic.Partitions))
		}
		of[index] = append(of[index], i)
	}
	var waiting []appended
	for index, those := range of {
		waiting = append(waiting, d.append(topic, index, messages, those)...)
	}
	ctx, cancel := context.WithTimeout(ctx, durableTimeout)
	defer cancel()
	for _, a := range waiting {
		err := a.err
		if err == nil {
			err = a.ticket.Wait(ctx.Done())
		}
		if err != nil {
			told := d.problemOf(err)
			for _, i := range a.messages {
				results[i].Error = told
			}
			failures += len(a.messages)
			continue
		}
		for n, i := range a.messages {
			offset := a.ticket.BaseOffset + int64(n)
			results[i].Partition, results[i].Offset, results[i].Duplicate = &a.index, &offset, a.ticket.Duplicate
		}
	}
	return results, failures
}

// appended is messages that became one batch of a partition.
type appended struct {
	index    int32
	messages []int // as they stand in the request
	ticket   partition.Ticket
	err      error
}

// batchBytes is about how much is appended as one batch; a topic may allow less.
const batchBytes = 256 << 10

// append appends messages to a partition, in as few batches as the topic allows. Those with an id are batches of their own: one
// that was there before has another offset.
func (d *Door) append(topic *metadata.Topic, index int32, messages []Message, those []int) (all []appended) {
	most := min(batchBytes, d.Handlers.MaxMessageBytes(topic))
	nowMs := d.Clock.Now().UnixMilli()
	b := record.NewBuilder(record.Options{})
	var in []int
	flush := func() {
		if len(in) == 0 {
			return
		}
		batch := b.Build()
		ticket, err := d.Handlers.Append(topic, index, batch.Raw)
		all = append(all, appended{index: index, messages: in, ticket: ticket, err: err})
		in = nil
	}
	for _, i := range those {
		m := &messages[i]
		key, value, headers := m.key(), m.value(), m.headers()
		if b.Size()+sizeOf(key, value, headers) > most || m.ID != "" {
			flush()
		}
		b.Append(nowMs, key, value, headers...)
		if in = append(in, i); m.ID != "" {
			flush()
		}
	}
	flush()
	return all
}

// recordOverhead is the most that a record takes beside its fields, and a field beside its bytes.
const recordOverhead = 32

// sizeOf is the most bytes that a record takes.
func sizeOf(key, value []byte, headers []record.RecordHeader) int {
	n := recordOverhead + len(key) + len(value)
	for _, h := range headers {
		n += recordOverhead + len(h.Key) + len(h.Value)
	}
	return n
}
