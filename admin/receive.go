package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"weir/coordinator"
	"weir/metadata"
	"weir/share"
)

// maxVisibility is the longest time for which a message may be held at once.
const maxVisibility = 12 * time.Hour

type receiveInput struct {
	Topic        string          `path:"topic" maxLength:"249"`
	Group        string          `query:"group" default:"default" maxLength:"255" doc:"Each group gets every message of the topic, its members share them."`
	Max          int             `query:"max" default:"10" minimum:"1" maximum:"1000" doc:"The most messages; an answer has about 1 MiB of them, or one."`
	WaitMs       int64           `query:"wait_ms" default:"0" minimum:"0" doc:"How long to wait for a message when there is none; weir.http.max.wait.ms bounds it."`
	VisibilityMs optional[int64] `query:"visibility_ms" doc:"For how long the messages are held, up to 12 hours; share.record.lock.duration.ms of the group when it is not there."`
	Accept       string          `header:"Accept" doc:"application/octet-stream for one message as it is: its value is the body, the rest is in Weir headers; 204 when there is none."`
}

// delivered is a message that was received. Without value there is neither Value nor ValueBase64; likewise of keys.
type delivered struct {
	Receipt       string            `json:"receipt" doc:"What ack, nack and extend take. It is void once the message is no longer held."`
	Partition     int32             `json:"partition"`
	Offset        int64             `json:"offset"`
	TimestampMs   int64             `json:"timestamp_ms" doc:"ms since the Unix epoch"`
	DeliveryCount int16             `json:"delivery_count" doc:"How often the message was delivered to the group, with this time."`
	Key           *string           `json:"key,omitempty" doc:"The key if it is text."`
	KeyBase64     []byte            `json:"key_base64,omitempty" required:"false" doc:"The key if it is not text."`
	Value         *string           `json:"value,omitempty" doc:"The value if it is text."`
	ValueBase64   []byte            `json:"value_base64,omitempty" required:"false" doc:"The value if it is not text."`
	Headers       map[string]string `json:"headers,omitempty" doc:"Those whose values are text; of several with one name the last."`
	HeadersBase64 map[string][]byte `json:"headers_base64,omitempty" doc:"Those whose values are not text."`
}

type received struct {
	Messages []delivered `json:"messages"`
}

func (d *Door) addReceive(api huma.API) {
	op := d.post("receive", "/receive", "Receive messages",
		"Messages are held for whoever received them until they are settled by ack or nack, or the time is up. A group that nobody "+
			"has received from begins with the oldest message, unless it has a share.auto.offset.reset of its own.")
	gives[received](api, &op, http.StatusOK, "The messages; none if none came in time.")
	op.Responses["200"].Content["application/octet-stream"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	op.Responses["204"] = &huma.Response{Description: "No message came in time, and one was wanted as it is."}
	register(api, op, d.serveReceive)
}

func (d *Door) serveReceive(ctx context.Context, in *receiveInput) (*answer, error) {
	raw := strings.HasPrefix(in.Accept, "application/octet-stream")
	if raw {
		in.Max = 1
	}
	topic, err := d.topic(ctx, in.Topic)
	if err != nil {
		return nil, d.failed(err)
	}
	if !validGroup(in.Group) {
		return nil, d.failed(invalid("query.group", "must be text of 1 to 255 bytes without control characters"))
	}
	var lock time.Duration
	if in.VisibilityMs.Set {
		if lock, err = visibility("query.visibility_ms", in.VisibilityMs.Value); err != nil {
			return nil, d.failed(err)
		}
	}
	messages, err := d.receive(ctx, topic, in, lock)
	switch {
	case err != nil:
		return nil, d.failed(err)
	case !raw:
		return told(http.StatusOK, received{Messages: messages}), nil
	case len(messages) == 0:
		return &answer{Body: func(c huma.Context) { c.SetStatus(http.StatusNoContent) }}, nil
	}
	return bare(&messages[0]), nil
}

// validGroup reports whether a name may be that of a group.
func validGroup(group string) bool {
	return group != "" && len(group) <= 255 && utf8.ValidString(group) &&
		!strings.ContainsFunc(group, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// visibility checks a time for which messages are to be held.
func visibility(location string, ms int64) (time.Duration, error) {
	if ms < 1 || ms > maxVisibility.Milliseconds() {
		return 0, invalid(location, fmt.Sprintf("must be from 1 to %d", maxVisibility.Milliseconds()))
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// fetchBytes bounds what is acquired for one answer, by what it takes in the log.
const fetchBytes = 1 << 20

// receive acquires messages, for as long as lock says or, if it is 0, the group. What it cannot deliver is available again.
func (d *Door) receive(ctx context.Context, topic *metadata.Topic, in *receiveInput, lock time.Duration) ([]delivered, error) {
	if err := d.Handlers.ReadShare(ctx, in.Group, topic); err != nil {
		return nil, fmt.Errorf("begin to read %s: %w", topic.Name, err)
	}
	if err := d.Handlers.EnsureShareTopic(); err != nil {
		return nil, fmt.Errorf("create share state: %w", coordinator.ErrNotAvailable)
	}
	request := share.FetchRequest{
		Group: in.Group, Member: d.member(), MaxRecords: in.Max, BatchSize: in.Max, MaxBytes: fetchBytes, Strict: true,
		MaxWait: min(time.Duration(in.WaitMs)*time.Millisecond, d.config.MaxWait),
	}
	n := len(topic.Partitions)
	first := int(d.turn.Add(1) % uint32(n))
	for i := range n {
		request.Partitions = append(request.Partitions, metadata.PartitionID{Topic: topic.ID, Index: int32((first + i) % n)})
	}
	d.Handlers.PrepareShareFetch(&request)
	if _, own := d.Cluster.Image().GroupConfig(in.Group)["share.auto.offset.reset"]; !own {
		request.Settings.Reset = share.Reset{Kind: share.ResetEarliest} // a queue has what was sent before anybody asked
	}
	if lock > 0 {
		request.Settings.LockDuration = lock
	}
	fetched := d.Shares.Fetch(ctx.Done(), request)
	if loading(fetched) && d.awaitLoaded(ctx, keysOf(&request)) { // nothing was acquired
		fetched = d.Shares.Fetch(ctx.Done(), request)
	}
	defer share.ReleaseRecords(fetched)
	err := ctx.Err()
	if err == nil {
		err = d.Handlers.ReadShare(ctx, in.Group, topic)
	}
	if err != nil {
		for i := range fetched {
			d.release(&request, &fetched[i])
		}
		return nil, err
	}
	messages := []delivered{}
	var failed error
	left := space{bytes: answerBytes}
	for i := range fetched {
		f := &fetched[i]
		more, err := d.deliver(&request, f, &left)
		if err != nil {
			d.release(&request, f)
			failed = errors.Join(failed, err)
		}
		messages = append(messages, more...)
	}
	if len(messages) == 0 && failed != nil {
		return nil, failed
	}
	return messages, nil
}

// release gives back what was acquired of a partition.
func (d *Door) release(r *share.FetchRequest, f *share.Fetched) {
	if len(f.Acquired) > 0 {
		d.Shares.Release(share.Key{Group: r.Group, PartitionID: f.ID}, r.Member)
	}
}

// loading reports whether nothing came because the state of a partition is being read, or its topic has just been made.
func loading(fetched []share.Fetched) bool {
	return slices.ContainsFunc(fetched, func(f share.Fetched) bool {
		return errors.Is(f.Err, coordinator.ErrLoading) || errors.Is(f.Err, coordinator.ErrNotCoordinator)
	}) &&
		!slices.ContainsFunc(fetched, func(f share.Fetched) bool { return len(f.Acquired) > 0 })
}

func keysOf(r *share.FetchRequest) []share.Key {
	keys := make([]share.Key, len(r.Partitions))
	for i, id := range r.Partitions {
		keys[i] = share.Key{Group: r.Group, PartitionID: id}
	}
	return keys
}

// awaitLoaded waits until all state that keys name has been read, and reports whether it has. That is short: all a group has of a
// topic is a few runs.
func (d *Door) awaitLoaded(ctx context.Context, keys []share.Key) bool {
	ctx, cancel := context.WithTimeout(ctx, d.config.ReadTimeout)
	defer cancel()
	for _, key := range keys {
		shard := d.Shares.ShardOf(key)
		loaded := d.Shares.Loaded(shard)
		if loaded == nil { // its topic may just have been made
			if d.Cluster.AwaitApplied(ctx, d.Cluster.Image()) != nil {
				return false
			}
			if loaded = d.Shares.Loaded(shard); loaded == nil {
				return false
			}
		}
		select {
		case <-loaded:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// bare is one message as it is.
func bare(m *delivered) *answer {
	return &answer{Body: func(c huma.Context) {
		set := func(name, value string) { c.SetHeader("Weir-"+name, value) }
		if m.Receipt != "" { // a reply has none
			set("Receipt", m.Receipt)
			set("Delivery-Count", strconv.Itoa(int(m.DeliveryCount)))
		}
		set("Partition", strconv.Itoa(int(m.Partition)))
		set("Offset", strconv.FormatInt(m.Offset, 10))
		set("Timestamp-Ms", strconv.FormatInt(m.TimestampMs, 10))
		if m.Key != nil && fitsHeader(*m.Key) {
			set("Key", *m.Key)
		}
		if headers := maps.Clone(m.Headers); len(headers) > 0 {
			if text, err := json.Marshal(headers); err == nil && fitsHeader(string(text)) {
				set("Headers", string(text))
			}
		}
		body := m.ValueBase64
		if m.Value != nil {
			body = []byte(*m.Value)
		}
		c.SetHeader("Content-Type", "application/octet-stream")
		c.SetHeader("Content-Length", strconv.Itoa(len(body)))
		c.SetStatus(http.StatusOK)
		_, _ = c.BodyWriter().Write(body)
	}}
}

// fitsHeader reports whether text can stand in a header of an answer as it is.
func fitsHeader(text string) bool {
	return len(text) <= 8<<10 && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}
