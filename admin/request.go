package admin

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

type requestInput struct {
	Topic       string `path:"topic" maxLength:"249"`
	ReplyTopic  string `query:"reply_topic" maxLength:"249" doc:"Where the reply is expected; the topic's name with .replies when it is not there. It is made if it does not exist and auto.create.topics.enable allows it."`
	WaitMs      int64  `query:"wait_ms" default:"10000" minimum:"1" doc:"How long to wait for the reply; weir.http.max.wait.ms bounds it."`
	ContentType string `header:"Content-Type" doc:"As for messages."`
	Accept      string `header:"Accept" doc:"application/octet-stream for the reply as it is: its value is the body, the rest is in Weir headers."`
	SendParameters
	RawBody []byte `contentType:"*/*"`
}

// answered is the reply to a request.
type answered struct {
	Partition int32 `json:"partition" doc:"Of the request."`
	Offset    int64 `json:"offset" doc:"Of the request."`
	Reply     reply `json:"reply"`
}

// reply is a message that was not received from a group: nobody holds it.
type reply struct {
	Partition     int32             `json:"partition"`
	Offset        int64             `json:"offset"`
	TimestampMs   int64             `json:"timestamp_ms" doc:"ms since the Unix epoch"`
	Key           *string           `json:"key,omitempty" doc:"The key if it is text."`
	KeyBase64     []byte            `json:"key_base64,omitempty" required:"false" doc:"The key if it is not text."`
	Value         *string           `json:"value,omitempty" doc:"The value if it is text."`
	ValueBase64   []byte            `json:"value_base64,omitempty" required:"false" doc:"The value if it is not text."`
	Headers       map[string]string `json:"headers,omitempty" doc:"Those whose values are text."`
	HeadersBase64 map[string][]byte `json:"headers_base64,omitempty" doc:"Those whose values are not text."`
}

func (d *Door) addRequest(api huma.API) {
	op := d.post("request", "/requests", "Send a request and wait for its reply",
		"One message with the headers kafka_correlationId and kafka_replyTopic. Whoever answers sends a message with the same "+
			"kafka_correlationId to that topic, as those do who answer spring-kafka's ReplyingKafkaTemplate.")
	takes[Message](api, &op, true, false)
	gives[answered](api, &op, http.StatusOK, "The reply.")
	op.Responses["200"].Content["application/octet-stream"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	register(api, op, d.serveRequest)
}

func (d *Door) serveRequest(ctx context.Context, in *requestInput) (*answer, error) {
	given, err := in.given()
	if err != nil {
		return nil, d.failed(err)
	}
	messages, several, err := decodeMessages(in.ContentType, in.RawBody, given)
	if err == nil && several {
		err = invalid("body.messages", "a request is one message")
	}
	if err != nil {
		return nil, d.failed(err)
	}
	if in.ReplyTopic == "" {
		in.ReplyTopic = in.Topic + ".replies"
	}
	answered, err := d.request(ctx, in, &messages[0])
	switch {
	case err != nil:
		return nil, d.failed(err)
	case strings.HasPrefix(in.Accept, "application/octet-stream"):
		return bare(&delivered{Partition: answered.Reply.Partition, Offset: answered.Reply.Offset, TimestampMs: answered.Reply.TimestampMs,
			Key: answered.Reply.Key, Value: answered.Reply.Value, ValueBase64: answered.Reply.ValueBase64, Headers: answered.Reply.Headers}), nil
	}
	return told(http.StatusOK, answered), nil
}

// request sends a message and waits for the reply.
func (d *Door) request(ctx context.Context, in *requestInput, m *Message) (*answered, error) {
	topic, err := d.topicForSend(ctx, in.Topic)
	if err != nil {
		return nil, err
	}
	to, err := d.topicForSend(ctx, in.ReplyTopic)
	if err != nil {
		return nil, err
	}
	id := correlationID()
	m.correlation, m.replyTopic = id, to.Name
	replies, forget, err := d.replies.expect(to, id)
	if err != nil {
		return nil, err
	}
	defer forget()
	timer := d.Clock.NewTimer(min(time.Duration(in.WaitMs)*time.Millisecond, d.config.MaxWait))
	defer timer.Stop()
	results, failures := d.send(ctx, topic, []Message{*m})
	if failures > 0 {
		return nil, results[0].Error
	}
	at := &answered{Partition: *results[0].Partition, Offset: *results[0].Offset}
	select {
	case r := <-replies:
		if r.err != nil {
			return nil, r.err
		}
		at.Reply = r.message
		return at, nil
	case <-timer.C():
		return nil, problem(http.StatusGatewayTimeout, "No reply came to %s in time; the request is message %d of partition %d of %s.",
			to.Name, at.Offset, at.Partition, topic.Name)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func correlationID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}
