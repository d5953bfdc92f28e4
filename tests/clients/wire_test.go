//go:build clients

package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// request is one line to an agent; which fields count depends on Op:
//
//	hello                                        version, codecs, what it can do
//	create topic partitions config               by the client's own admin API; delete topic
//	produce topic codec records                  waits for acks=all; answers offsets and partitions
//	fetch topic partition from|at count wait_ms  reads without a group; answers records
//	offset topic partition at                    at: a time in ms, -1 the end, -2 the start; -1 if there is none
//	committed group topic partition              -1 if there is none
//	join group topic instance assignor session_ms  becomes a group member and consumes from then on; with diary
//	                                             it commits by itself and writes down what happens (deliveries_test.go)
//	state                                        what the member owns, and what it received since the last state
//	commit                                       commits all that the member received
//	leave                                        leaves the group
//	begin id topic records group partition from  begins a transaction of the producer with this transactional id, which is made if
//	                                             there is none; writes records, and sends the offset `from` of a group if one is named
//	share_open member group topic explicit max   makes a member of a share group, that takes so many records at a time
//	share_poll member wait_ms                    what it gets, once something has come
//	share_ack member acks                        acknowledges records of the last poll, durably; those without an ack stay as they are
//	share_close member                           leaves the group
//	end id commit                                commits or aborts it
type request struct {
	Op         string            `json:"op"`
	Topic      string            `json:"topic,omitempty"`
	Partition  int32             `json:"partition"`
	Partitions int32             `json:"partitions,omitempty"`
	Config     map[string]string `json:"config"`
	Codec      string            `json:"codec,omitempty"`
	Records    []record          `json:"records,omitempty"`
	From       int64             `json:"from"`
	At         *int64            `json:"at,omitempty"`
	Count      int               `json:"count,omitempty"`
	WaitMs     int               `json:"wait_ms,omitempty"`
	Group      string            `json:"group,omitempty"`
	Instance   string            `json:"instance,omitempty"`
	Assignor   string            `json:"assignor,omitempty"`
	SessionMs  int               `json:"session_ms,omitempty"`
	Protocol   string            `json:"protocol,omitempty"` // of the group; "" is classic
	Regex      string            `json:"regex,omitempty"`    // subscribes by it instead of Topic
	Diary      string            `json:"diary,omitempty"`    // a file
	ID         string            `json:"id,omitempty"`       // transactional
	Commit     bool              `json:"commit"`
	Isolation  string            `json:"isolation,omitempty"` // of fetch; "" is the client's own
	Class      string            `json:"class,omitempty"`
	Args       []string          `json:"args,omitempty"`
	Stdin      string            `json:"stdin,omitempty"`
	Member     string            `json:"member,omitempty"`
	Explicit   bool              `json:"explicit"`
	Max        int               `json:"max,omitempty"`
	ReplyTopic string            `json:"reply_topic,omitempty"` // of spring-kafka's agent (spring_test.go)
	Acks       []shareAck        `json:"acks,omitempty"`
}

// shareAck is what a member of a share group says of a record: accept, release, reject or renew.
type shareAck struct {
	P    int32  `json:"p"`
	O    int64  `json:"o"`
	Type string `json:"type"`
}

// answer is one line from an agent.
type answer struct {
	Error      string   `json:"error"`
	Version    string   `json:"version"`
	Codecs     []string `json:"codecs"`
	Can        []string `json:"can"`
	Offsets    []int64  `json:"offsets"`
	Partitions []int32  `json:"partitions"`
	Offset     int64    `json:"offset"`
	Records    []record `json:"records"`
	Assignment []int32  `json:"assignment"`
	Revoked    int      `json:"revoked"`
	Exit       int      `json:"exit"`
	Out        string   `json:"out"`
	Err        string   `json:"err"`
}

// record is what is sent and read; nil is null, which differs from empty.
type record struct {
	Partition int32    `json:"p"` // -1: by the client's partitioner
	Offset    int64    `json:"o"`
	Timestamp int64    `json:"t"` // ms; 0: the client's clock
	Key       []byte   `json:"k"`
	Value     []byte   `json:"v"`
	Headers   []header `json:"h"`
	Delivered int      `json:"n,omitempty"` // how often to a share group, with this time
}

type header struct {
	Key   string
	Value []byte
}

// MarshalJSON writes the pair as a list.
func (h header) MarshalJSON() ([]byte, error) { return json.Marshal([]any{h.Key, h.Value}) }

// UnmarshalJSON reads a list of two.
func (h *header) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &[]any{&h.Key, &h.Value}) }

func (h header) String() string { return h.Key + "=" + brief(h.Value) }

func (r record) String() string {
	return fmt.Sprintf("%d@%d t=%d key=%s value=%s headers=%v", r.Partition, r.Offset, r.Timestamp,
		brief(r.Key), brief(r.Value), r.Headers)
}

func brief(b []byte) string {
	switch {
	case b == nil:
		return "null"
	case len(b) > 24:
		return fmt.Sprintf("%q...(%d bytes)", b[:24], len(b))
	}
	return fmt.Sprintf("%q", b)
}

// same compares bytes and tells null from empty.
func same(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }

// difference says how two records differ, or "".
func difference(want, got record) string {
	sameHeader := func(a, b header) bool { return a.Key == b.Key && same(a.Value, b.Value) }
	switch {
	case !same(want.Key, got.Key):
		return fmt.Sprintf("key %s instead of %s", brief(got.Key), brief(want.Key))
	case !same(want.Value, got.Value):
		return fmt.Sprintf("value %s instead of %s", brief(got.Value), brief(want.Value))
	case want.Timestamp > 0 && want.Timestamp != got.Timestamp:
		return fmt.Sprintf("timestamp %d instead of %d", got.Timestamp, want.Timestamp)
	case !slices.EqualFunc(want.Headers, got.Headers, sameHeader):
		return fmt.Sprintf("headers %v instead of %v", got.Headers, want.Headers)
	}
	return ""
}
