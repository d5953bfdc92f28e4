package admin_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestNackBringsAMessageBack(t *testing.T) {
	d := open(t, t.TempDir())
	d.send("q", "a")
	m := d.one("q", "")
	d.settle("q", "nack", nil, m)
	m = d.one("q", "")
	if m.Delivery_count != 2 {
		t.Errorf("delivered %d times, want 2", m.Delivery_count)
	}
	began := time.Now()
	d.settle("q", "nack", object{"delay_ms": 300}, m)
	d.none("q", "")
	m = d.one("q", "")
	if took := time.Since(began); took < 299*time.Millisecond { // the broker counts whole milliseconds
		t.Errorf("came back after %v, want 300 ms", took)
	}
	d.settle("q", "nack", object{"reject": true}, m)
	d.none("q", "")
	d.problem(d.post("q/nack", object{"receipt": m.Receipt}), http.StatusConflict)
}

func TestVisibility(t *testing.T) {
	d := open(t, t.TempDir())
	d.send("q", "a")
	held := d.one("q", "visibility_ms=300")
	d.settle("q", "extend", object{"visibility_ms": 60000}, held)
	d.settle("q", "extend", object{"visibility_ms": 1}, held)
	again := d.one("q", "")
	if again.Delivery_count != 2 {
		t.Errorf("delivered %d times, want 2", again.Delivery_count)
	}
	d.problem(d.post("q/ack", object{"receipt": held.Receipt}), http.StatusConflict)
	d.problem(d.post("q/extend", object{"receipt": held.Receipt}), http.StatusConflict)
	d.settle("q", "ack", nil, again)
	d.problem(d.post("q/extend", object{"receipt": held.Receipt}), http.StatusConflict)
}

// TestEachReceiptIsJudgedForItself: one that is void does not take the others with it.
func TestEachReceiptIsJudgedForItself(t *testing.T) {
	d := open(t, t.TempDir())
	d.send("q", "a", "b", "c")
	all := d.receive("q", "")
	d.settle("q", "nack", nil, all[1])
	var got struct {
		Results []struct {
			Receipt string
			Error   *struct {
				Title, Detail string
				Status        int
			}
		}
	}
	r := d.post("q/ack", object{"receipts": []string{all[0].Receipt, all[1].Receipt, all[2].Receipt, "nonsense"}})
	d.into(r, http.StatusMultiStatus, &got)
	want := []int{0, http.StatusConflict, 0, http.StatusBadRequest}
	for i, result := range got.Results {
		if status := 0; result.Error != nil {
			if status = result.Error.Status; status != want[i] {
				t.Errorf("receipt %d: status %d, want %d", i, status, want[i])
			}
		} else if want[i] != 0 {
			t.Errorf("receipt %d was taken", i)
		}
	}
	if m := d.one("q", ""); m.text() != "b" {
		t.Errorf("received %q, want b", m.text())
	}
	d.none("q", "")
}

func TestDelayAndExpiry(t *testing.T) {
	d := open(t, t.TempDir())
	d.send("q", "first") // what a first receive waits for is there then
	d.settle("q", "ack", nil, d.one("q", ""))
	const delay = time.Second
	began := time.UnixMilli(time.Now().UnixMilli()) // the broker counts whole milliseconds
	if r := d.do("POST", fmt.Sprintf("/v1/queues/q/messages?delay_ms=%d", delay.Milliseconds()), "late"); r.status != http.StatusOK {
		t.Fatalf("%s", r.body)
	}
	if r := d.post("q/messages", object{"messages": []object{{"value": "gone", "ttl_ms": 1}, {"value": "now"}}}); r.status != http.StatusOK {
		t.Fatalf("%s", r.body)
	}
	for time.Since(began) < 10*time.Millisecond {
		time.Sleep(time.Millisecond) // the clock itself is the event: the message's life is over
	}
	if m := d.one("q", ""); m.text() != "now" {
		t.Errorf("received %q, want now", m.text())
	}
	m := d.one("q", "")
	if took := time.Since(began); m.text() != "late" || took < delay {
		t.Errorf("received %q after %v", m.text(), took)
	}
	d.none("q", "")
}

// TestMessagesAreRecords: what goes in over HTTP is what a Kafka client reads, and the other way round.
func TestMessagesAreRecords(t *testing.T) {
	d := open(t, t.TempDir())
	binary := []byte{0, 0xff, 0xfe}
	r := d.post("q/messages", object{"messages": []object{
		{"value": object{"n": 1}, "key": "k", "headers": object{"b": "2", "a": "1"}, "priority": 9, "delay_ms": 0, "ttl_ms": 60000,
			"routing_key": "eu.berlin", "id": "m1"},
		{"value_base64": base64.StdEncoding.EncodeToString(binary), "key_base64": "/w==", "headers_base64": object{"h": "/w=="}},
		{"value": nil}, {"value": ""}, {"value": 12}, {"value": "ünï"},
	}})
	if r.status != http.StatusOK {
		t.Fatalf("%s", r.body)
	}
	c := d.client(kgo.ConsumeTopics("q"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	var records []*kgo.Record
	for len(records) < 6 {
		records = append(records, c.PollFetches(t.Context()).Records()...)
	}
	first := records[0]
	var headers []string
	for _, h := range first.Headers {
		headers = append(headers, h.Key+"="+string(h.Value))
	}
	want := []string{"a=1", "b=2", "weir.deliver.after=0", "weir.ttl=60000", "weir.priority=9", "weir.routing.key=eu.berlin", "weir.message.id=m1"}
	if string(first.Value) != `{"n":1}` || string(first.Key) != "k" || !slices.Equal(headers, want) {
		t.Errorf("record: %s, %s, %v", first.Key, first.Value, headers)
	}
	if !bytes.Equal(records[1].Value, binary) || !bytes.Equal(records[1].Key, []byte{0xff}) {
		t.Errorf("binary record: %x %x", records[1].Key, records[1].Value)
	}
	if records[2].Value != nil || records[3].Value == nil || string(records[4].Value) != "12" || string(records[5].Value) != "ünï" {
		t.Errorf("values: %v %v %s %s", records[2].Value, records[3].Value, records[4].Value, records[5].Value)
	}
	got := d.receive("q", "")
	if len(got) != 6 || got[0].text() != `{"n":1}` || !bytes.Equal(got[1].Value_base64, binary) || got[1].Value != nil ||
		!bytes.Equal(got[1].Key_base64, []byte{0xff}) || !bytes.Equal(got[1].Headers_base64["h"], []byte{0xff}) ||
		got[2].Value != nil || got[2].Value_base64 != nil || got[3].Value == nil || *got[3].Value != "" {
		t.Errorf("received %+v", got)
	}
}

// TestRawMessages: a message in, a message out, with no JSON.
func TestRawMessages(t *testing.T) {
	d := open(t, t.TempDir())
	body := string([]byte{0, 1, 0xff})
	r := d.do("POST", "/v1/queues/q/messages", body, "Content-Type", "image/png", "Weir-Key", "k", "Weir-Priority", "7",
		"Weir-Headers", `{"name":"value"}`)
	if r.status != http.StatusOK {
		t.Fatalf("%s", r.body)
	}
	r = d.do("POST", "/v1/queues/q/receive?wait_ms=20000", "", "Accept", "application/octet-stream")
	if r.status != http.StatusOK || string(r.body) != body || r.header.Get("Weir-Key") != "k" || r.header.Get("Weir-Offset") != "0" ||
		r.header.Get("Weir-Delivery-Count") != "1" || r.header.Get("Weir-Headers") != `{"name":"value","weir.priority":"7"}` {
		t.Fatalf("%d, %q, %v", r.status, r.body, r.header)
	}
	if r := d.do("POST", "/v1/queues/q/ack?receipt="+r.header.Get("Weir-Receipt"), ""); r.status != http.StatusOK {
		t.Fatalf("ack: %s", r.body)
	}
	r = d.do("POST", "/v1/queues/q/receive", "", "Accept", "application/octet-stream")
	if r.status != http.StatusNoContent || len(r.body) != 0 {
		t.Errorf("%d: %s", r.status, r.body)
	}
	if r := d.do("POST", "/v1/queues/q/messages", ""); r.status != http.StatusOK {
		t.Fatalf("an empty message: %s", r.body)
	}
	if m := d.one("q", ""); m.Value == nil || *m.Value != "" {
		t.Errorf("an empty message came as %+v", m)
	}
}

// join makes a Kafka client a member of a share group, and returns when the group reads the topic.
func join(t *testing.T, c *kgo.Client, group, member, topic string) {
	t.Helper()
	epoch := int32(0)
	for t.Context().Err() == nil {
		beat := kmsg.NewPtrShareGroupHeartbeatRequest()
		beat.GroupID, beat.MemberID, beat.MemberEpoch = group, member, epoch
		if epoch == 0 {
			beat.SubscribedTopicNames = []string{topic}
		}
		resp, err := beat.RequestWith(t.Context(), c)
		if err != nil || resp.ErrorCode != 0 {
			t.Fatalf("join %s: %v, %+v", group, err, resp)
		}
		if a := resp.Assignment; a != nil && len(a.TopicPartitions) > 0 {
			return
		}
		epoch = resp.MemberEpoch
		time.Sleep(10 * time.Millisecond)
	}
}

// TestOneQueueThroughBothDoors: what one door holds the other does not get, what one has settled the other does not see.
func TestOneQueueThroughBothDoors(t *testing.T) {
	d := open(t, t.TempDir())
	d.send("q", "a", "b", "c", "d")
	first := d.receive("q", "max=1&group=g")
	c := d.client()
	meta, err := kmsg.NewPtrMetadataRequest().RequestWith(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	join(t, c, "g", "a-kafka-client", "q")
	fetch := func(epoch int32, settle bool) (acquired []int64) {
		req := kmsg.NewPtrShareFetchRequest()
		group, member := "g", "a-kafka-client"
		req.GroupID, req.MemberID, req.ShareSessionEpoch = &group, &member, epoch
		req.MaxBytes, req.MaxRecords, req.BatchSize, req.MinBytes = 1<<20, 2, 2, 1
		if epoch == 1 {
			req.MaxRecords = 500
		}
		topic := kmsg.NewShareFetchRequestTopic()
		for _, t := range meta.Topics {
			if t.Topic != nil && *t.Topic == "q" {
				topic.TopicID = t.TopicID
			}
		}
		part := kmsg.NewShareFetchRequestTopicPartition()
		if settle {
			ack := kmsg.NewShareFetchRequestTopicPartitionAcknowledgementBatch()
			ack.FirstOffset, ack.LastOffset, ack.AcknowledgeTypes = 1, 3, []int8{1}
			part.AcknowledgementBatches = append(part.AcknowledgementBatches, ack)
		}
		topic.Partitions = append(topic.Partitions, part)
		req.Topics = append(req.Topics, topic)
		resp, err := req.RequestWith(t.Context(), c)
		if err != nil || resp.ErrorCode != 0 {
			t.Fatalf("share fetch: %v, %+v", err, resp)
		}
		for _, topic := range resp.Topics {
			for _, p := range topic.Partitions {
				for _, a := range p.AcquiredRecords {
					for offset := a.FirstOffset; offset <= a.LastOffset; offset++ {
						acquired = append(acquired, offset)
					}
				}
			}
		}
		return acquired
	}
	if got := fetch(0, false); !slices.Equal(got, []int64{1, 2, 3}) {
		t.Errorf("the Kafka client acquired %v while HTTP holds 0", got)
	}
	d.none("q", "group=g")
	fetch(1, true)
	d.settle("q", "nack", nil, first...)
	if m := d.one("q", "group=g"); m.Offset != 0 || m.Delivery_count != 2 {
		t.Errorf("received %+v", m)
	}
}

// TestSettledOutlivesARestart: what was acknowledged does not come again, what was held does.
func TestSettledOutlivesARestart(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	d.send("q", "a", "b", "c")
	all := d.receive("q", "")
	d.settle("q", "ack", nil, all[0], all[2])
	d.shut()
	d = open(t, dir)
	if m := d.one("q", ""); m.text() != "b" {
		t.Errorf("received %q, want b", m.text())
	}
	d.none("q", "")
}

// TestLongPoll: a receive that waits is told at once, and one whose client has gone takes nothing with it.
func TestLongPoll(t *testing.T) {
	d := open(t, t.TempDir(), "num.partitions=3")
	d.send("q", "first")
	d.settle("q", "ack", nil, d.one("q", ""))
	got := make(chan []message, 1)
	go func() { got <- d.receive("q", "wait_ms=20000") }()
	d.send("q", "second")
	if m := <-got; len(m) != 1 || m[0].text() != "second" {
		t.Errorf("received %v", texts(m))
	}
}
