//go:build clients

package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
)

// taker is one who works a queue off: a member of a share group, or one who asks over HTTP.
type taker interface {
	take(waitMs int) []record            // what it gets, once something has come
	say(kind string, records ...record)  // accept, release or reject; durable when it returns
	redrive(letters string) (sent int)   // sends all dead letters of its group again that are in this topic
	later(ms int, records ...record) int // releases them, for so long if it can say so; it returns for how long, or -1: as the group's settings say
	end()
}

// sharer is a member of a share group of an agent.
type sharer struct {
	*queueing
	member string
}

func (s *sharer) take(waitMs int) []record {
	s.t.Helper()
	return s.do(request{Op: "share_poll", Member: s.member, WaitMs: waitMs}).Records
}

func (s *sharer) say(kind string, records ...record) {
	s.t.Helper()
	var acks []shareAck
	for _, r := range records {
		acks = append(acks, shareAck{r.Partition, r.Offset, kind})
	}
	s.do(request{Op: "share_ack", Member: s.member, Acks: acks})
}

func (s *sharer) later(_ int, records ...record) int {
	s.t.Helper()
	s.say("release", records...)
	return -1
}

func (s *sharer) redrive(letters string) int {
	s.t.Helper()
	var done struct{ Redriven int }
	if err := json.Unmarshal([]byte(weir(s.t, s.broker, "dlq", "redrive", letters, "--all", "--json")), &done); err != nil {
		s.t.Errorf("weir dlq redrive: %v", err)
	}
	return done.Redriven
}

func (s *sharer) end() {
	s.t.Helper()
	s.do(request{Op: "share_close", Member: s.member})
}

// caller is one who asks over HTTP.
type caller struct {
	*queueing
	topic, group string
	max          int
	receipts     map[int64]string // by offset; the topics have one partition
}

// post asks the door of the queues, and decodes its answer; false if it has none.
func (q *queueing) post(topic, route string, query url.Values, body, into any) bool {
	q.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		q.t.Fatal(err)
	}
	r, err := http.Post(q.door+"/v1/queues/"+topic+"/"+route+"?"+query.Encode(), "application/json", bytes.NewReader(text))
	if err != nil {
		q.t.Fatal(err)
	}
	defer r.Body.Close()
	if text, err = io.ReadAll(r.Body); err != nil {
		q.t.Fatal(err)
	}
	if r.StatusCode == http.StatusNoContent {
		return false
	}
	if r.StatusCode != http.StatusOK {
		q.t.Fatalf("%s of %s: %s: %s", route, topic, r.Status, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		q.t.Fatalf("%s of %s: %v: %s", route, topic, err, text)
	}
	return true
}

func (c *caller) take(waitMs int) (records []record) {
	c.t.Helper()
	var got struct {
		Messages []struct {
			Receipt        string
			Partition      int32
			Offset         int64
			DeliveryCount  int `json:"delivery_count"`
			Key, Value     string
			Headers        map[string]string
			HeadersBase64  map[string][]byte `json:"headers_base64"`
			TimestampMilli int64             `json:"timestamp_ms"`
		}
	}
	c.post(c.topic, "receive", url.Values{"group": {c.group}, "max": {fmt.Sprint(c.max)}, "wait_ms": {fmt.Sprint(waitMs)}}, nil, &got)
	for _, m := range got.Messages {
		c.receipts[m.Offset] = m.Receipt
		r := record{Partition: m.Partition, Offset: m.Offset, Timestamp: m.TimestampMilli, Key: []byte(m.Key), Value: []byte(m.Value), Delivered: m.DeliveryCount}
		for name, value := range m.Headers {
			r.Headers = append(r.Headers, header{name, []byte(value)})
		}
		for name, value := range m.HeadersBase64 {
			r.Headers = append(r.Headers, header{name, value})
		}
		records = append(records, r)
	}
	return records
}

func (c *caller) say(kind string, records ...record) {
	c.t.Helper()
	body := map[string]any{}
	if kind != "accept" {
		body["reject"] = kind == "reject"
	}
	c.settle(map[string]string{"accept": "ack"}[kind], body, records)
}

func (c *caller) later(ms int, records ...record) int {
	c.t.Helper()
	c.settle("", map[string]any{"delay_ms": ms}, records)
	return ms
}

// settle acks, or nacks when no route is named.
func (c *caller) settle(route string, body map[string]any, records []record) {
	c.t.Helper()
	var receipts []string
	for _, r := range records {
		receipts = append(receipts, c.receipts[r.Offset])
	}
	body["receipts"] = receipts
	if route == "" {
		route = "nack"
	}
	var done any
	c.post(c.topic, route, nil, body, &done)
}

func (c *caller) redrive(string) int {
	c.t.Helper()
	var done struct{ Redriven int }
	c.post(c.topic, "dead-letters/redrive", url.Values{"group": {c.group}}, map[string]any{"all": true}, &done)
	return done.Redriven
}

func (c *caller) end() {}

// drained takes until n have come, and says the same of all; "value xDELIVERIES" of each, in the order in which they came.
func drained(t testing.TB, by taker, n int, kind string) (got []string) {
	t.Helper()
	for len(got) < n {
		records := by.take(shareWaitMs)
		if len(records) == 0 {
			t.Errorf("%d were to come, %q came", n, got)
			return got
		}
		for _, r := range records {
			got = append(got, fmt.Sprintf("%s x%d", r.Value, r.Delivered))
		}
		by.say(kind, records...)
	}
	return got
}
