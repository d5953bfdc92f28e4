package admin

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"weir/filter"
	"weir/partition"
	"weir/record"
	"weir/share"
)

// value is a message's value as JSON has it: a string is its text, null none, anything else its JSON text.
type value []byte

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (v *value) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	switch raw.Kind() {
	case jsontext.KindNull:
		*v = nil
	case jsontext.KindString:
		*v, err = jsontext.AppendUnquote(make([]byte, 0, len(raw)), raw)
	default:
		*v = bytes.Clone(raw)
	}
	return err
}

// Schema implements huma.SchemaProvider.
func (*value) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Description: "The value: a string is stored as its text, any other JSON value as its JSON text, null as none."}
}

// Message is one that is sent.
type Message struct {
	Value         value             `json:"value,omitempty" required:"false"`
	ValueBase64   []byte            `json:"value_base64,omitempty" required:"false" doc:"The value when it is not text."`
	Key           *string           `json:"key,omitempty" doc:"Messages of one key keep their order and their partition."`
	KeyBase64     []byte            `json:"key_base64,omitempty" required:"false" doc:"The key when it is not text."`
	Headers       map[string]string `json:"headers,omitempty"`
	HeadersBase64 map[string][]byte `json:"headers_base64,omitempty" doc:"Headers whose values are not text."`
	DelayMs       *int64            `json:"delay_ms,omitempty" minimum:"0" doc:"Not delivered before so much time has passed."`
	DeliverAtMs   *int64            `json:"deliver_at_ms,omitempty" minimum:"0" doc:"Not delivered before; ms since the Unix epoch."`
	TTLMs         *int64            `json:"ttl_ms,omitempty" minimum:"1" doc:"Not delivered after so much time has passed."`
	Priority      *int64            `json:"priority,omitempty" minimum:"0" maximum:"9" doc:"4 is that of messages without one."`
	RoutingKey    string            `json:"routing_key,omitempty" doc:"What groups may filter by."`
	ID            string            `json:"id,omitempty" doc:"Messages of one id are one, within weir.dedup.window.ms of the topic."`

	correlation, replyTopic string // of a request
}

// maxMessages bounds the messages of one request.
const maxMessages = 1000

// check tells what a message may not say; at is where it stands in the request.
func (m *Message) check(at string) error {
	switch {
	case m.Value != nil && m.ValueBase64 != nil:
		return invalid(at+".value", "there are two values")
	case m.Key != nil && m.KeyBase64 != nil:
		return invalid(at+".key", "there are two keys")
	case m.DelayMs != nil && m.DeliverAtMs != nil:
		return invalid(at+".delay_ms", "there are a delay and a time of delivery")
	case m.DelayMs != nil && *m.DelayMs < 0:
		return invalid(at+".delay_ms", "must not be negative")
	case m.DeliverAtMs != nil && *m.DeliverAtMs < 0:
		return invalid(at+".deliver_at_ms", "must not be negative")
	case m.TTLMs != nil && *m.TTLMs < 1:
		return invalid(at+".ttl_ms", "must be positive")
	case m.Priority != nil && (*m.Priority < 0 || *m.Priority > 9):
		return invalid(at+".priority", "must be from 0 to 9")
	}
	return nil
}

// fill takes from other what m does not say.
func (m *Message) fill(other *Message) {
	if m.Key == nil && m.KeyBase64 == nil {
		m.Key = other.Key
	}
	if m.DelayMs == nil && m.DeliverAtMs == nil {
		m.DelayMs, m.DeliverAtMs = other.DelayMs, other.DeliverAtMs
	}
	if m.TTLMs == nil {
		m.TTLMs = other.TTLMs
	}
	if m.Priority == nil {
		m.Priority = other.Priority
	}
	if m.RoutingKey == "" {
		m.RoutingKey = other.RoutingKey
	}
	if m.ID == "" {
		m.ID = other.ID
	}
	if m.Headers == nil {
		m.Headers = other.Headers
	}
}

func (m *Message) key() []byte {
	if m.Key != nil {
		return []byte(*m.Key)
	}
	return m.KeyBase64
}

func (m *Message) value() []byte {
	if m.Value != nil {
		return m.Value
	}
	return m.ValueBase64
}

// headers are those of the record: the message's own in order of their names, then what it says of its delivery.
func (m *Message) headers() []record.RecordHeader {
	var all []record.RecordHeader
	add := func(key string, value []byte) { all = append(all, record.RecordHeader{Key: key, Value: value}) }
	for _, key := range slices.Sorted(maps.Keys(m.Headers)) {
		add(key, []byte(m.Headers[key]))
	}
	for _, key := range slices.Sorted(maps.Keys(m.HeadersBase64)) {
		add(key, m.HeadersBase64[key])
	}
	number := func(key string, n *int64) {
		if n != nil {
			add(key, strconv.AppendInt(nil, *n, 10))
		}
	}
	number(share.HeaderDeliverAfter, m.DelayMs)
	number(share.HeaderDeliverAt, m.DeliverAtMs)
	number(share.HeaderTTL, m.TTLMs)
	number(share.HeaderPriority, m.Priority)
	if m.RoutingKey != "" {
		add(filter.HeaderRoutingKey, []byte(m.RoutingKey))
	}
	if m.correlation != "" {
		add(headerCorrelationID, []byte(m.correlation))
		add(headerReplyTopic, []byte(m.replyTopic))
	}
	if m.ID != "" {
		add(partition.HeaderMessageID, []byte(m.ID))
	}
	return all
}

// sendBody is the JSON body of a send: one message, or several in messages.
type sendBody struct {
	Message
	Messages list[Message] `json:"messages,omitempty" maxItems:"1000" nullable:"false" doc:"Several messages; then the other fields are for all of them that do not have their own, and value is not there."`
}

// decodeMessages reads the body of a send, and reports whether it is one of several messages.
func decodeMessages(contentType string, body []byte, given *Message) (messages []Message, several bool, err error) {
	if !isJSON(contentType) {
		m := Message{ValueBase64: bytes.Clone(body)}
		if body == nil {
			m.ValueBase64 = []byte{}
		}
		m.fill(given)
		return []Message{m}, false, m.check("query")
	}
	var b sendBody
	if err := decode(body, &b); err != nil {
		return nil, false, err
	}
	b.fill(given)
	if b.Messages == nil {
		return []Message{b.Message}, false, b.check("body")
	}
	switch {
	case len(b.Messages) == 0:
		return nil, true, invalid("body.messages", "there is none")
	case b.Value != nil || b.ValueBase64 != nil:
		return nil, true, invalid("body.value", "there are messages too")
	case b.ID != "":
		return nil, true, invalid("body.id", "an id is that of one message")
	}
	for i := range b.Messages {
		b.Messages[i].fill(&b.Message)
		if err := b.Messages[i].check(fmt.Sprintf("body.messages[%d]", i)); err != nil {
			return nil, true, err
		}
	}
	return b.Messages, true, nil
}
