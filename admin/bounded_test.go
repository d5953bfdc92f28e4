package admin_test

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	mib = 1 << 20
	// answerMost is what an answer may have of messages, if it has more than one.
	answerMost = mib
	// memoryMost is what one request may take, the test's own reading of the answer with it: far less than what a batch
	// decompresses to.
	memoryMost = 40 * mib
)

// squeezed are records that take 60 MiB and, in one batch of zstd, a few KiB: twenty of 400 KiB and twenty-six of 2 MiB.
func squeezed(topic string, headers ...kgo.RecordHeader) (all []*kgo.Record) {
	for i := range 46 {
		size := 400 << 10
		if i%23 > 9 {
			size = 2 * mib
		}
		value := append(bytes.Repeat([]byte{'0'}, size), fmt.Sprintf(" %02d", i)...)
		all = append(all, &kgo.Record{Topic: topic, Partition: 0, Value: value, Headers: headers})
	}
	return all
}

// sendSqueezed sends records as one batch.
func (d *door) sendSqueezed(all []*kgo.Record) {
	d.t.Helper()
	c := d.client(kgo.ProducerBatchCompression(kgo.ZstdCompression()), kgo.ProducerBatchMaxBytes(128*mib),
		kgo.BrokerMaxWriteBytes(256*mib), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedBytes(256*mib),
		kgo.ProducerLinger(patience), kgo.MaxBufferedRecords(1000), kgo.AllowAutoTopicCreation())
	done := make(chan error, len(all))
	for _, r := range all {
		c.Produce(d.t.Context(), r, func(_ *kgo.Record, err error) { done <- err })
	}
	if err := c.Flush(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	for range all {
		if err := <-done; err != nil {
			d.t.Fatal(err)
		}
	}
}

// taking runs a request, and fails if it took more memory than one may.
func (d *door) taking(what string, request func()) {
	d.t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	request()
	runtime.ReadMemStats(&after)
	most := uint64(memoryMost)
	if raceEnabled { // the pools of package sync drop much on purpose then
		most *= 3
	}
	if taken := after.TotalAlloc - before.TotalAlloc; taken > most {
		d.t.Errorf("%s took %d KiB", what, taken>>10)
	}
}

// TestSqueezedBatch: a batch that decompresses to 60 MiB is received bit by bit. Each message comes once, in bounded answers, and what did
// not fit into one was not delivered with it.
func TestSqueezedBatch(t *testing.T) {
	d := open(t, t.TempDir())
	sent := squeezed("q")
	d.sendSqueezed(sent)
	var got []string
	for len(got) < len(sent) {
		var page []message
		d.taking("a receive", func() { page = d.receive("q", "group=g&max=1000&wait_ms=10000") })
		total := 0
		for _, m := range page {
			if total += len(m.text()); m.Delivery_count != 1 {
				t.Errorf("message %d was delivered %d times", m.Offset, m.Delivery_count)
			}
			got = append(got, m.text())
		}
		if len(page) == 0 || len(page) > 1 && total > answerMost {
			t.Fatalf("an answer has %d messages of %d bytes", len(page), total)
		}
		if len(got) < 6 { // these once more
			d.settle("q", "nack", nil, page...)
			for _, m := range d.receive("q", "group=g&max=2") {
				if m.Delivery_count != 2 {
					t.Errorf("message %d came again, delivered %d times", m.Offset, m.Delivery_count)
				}
				d.settle("q", "ack", nil, m)
			}
			continue
		}
		d.settle("q", "ack", nil, page...)
	}
	d.none("q", "group=g")
	for i, r := range sent {
		if got[i] != string(r.Value) {
			t.Fatalf("message %d of %d bytes, want %d: %q", i, len(got[i]), len(r.Value), got[i][len(got[i])-3:])
		}
	}
}

// TestSqueezedDeadLetters: they are listed and sent again bit by bit too.
func TestSqueezedDeadLetters(t *testing.T) {
	d := open(t, t.TempDir())
	d.send("q", "first")
	d.group("g", "errors.deadletterqueue.topic.name", "dlq.q")
	d.settle("q", "nack", object{"reject": true}, d.one("q", "group=g"))
	d.until("a dead letter", func() bool {
		r := d.do("GET", "/v1/queues/q/dead-letters?group=g", "")
		return r.status == http.StatusOK && len(d.letters("group=g").Dead_letters) == 1
	})
	header := func(name, value string) kgo.RecordHeader { return kgo.RecordHeader{Key: name, Value: []byte(value)} }
	letters := squeezed("dlq.q", header("__dlq.errors.topic", "q"), header("__dlq.errors.partition", "0"),
		header("__dlq.errors.offset", "7"), header("__dlq.errors.group", "g"), header("__dlq.errors.message", "squeezed"))
	d.sendSqueezed(letters)
	var listed []string
	for after := ""; ; {
		query, total := "group=g&reason=squeezed&max=1000", 0
		if after != "" {
			query += "&after=" + after
		}
		d.taking("a list", func() {
			got := d.letters(query)
			for _, l := range got.Dead_letters {
				listed, total = append(listed, *l.Value), total+len(*l.Value)
			}
			if len(got.Dead_letters) > 1 && total > answerMost {
				t.Fatalf("an answer has %d dead letters of %d bytes", len(got.Dead_letters), total)
			}
			after = got.Next
		})
		if after == "" {
			break
		}
	}
	if !slices.EqualFunc(listed, letters, func(s string, r *kgo.Record) bool { return s == string(r.Value) }) {
		t.Errorf("listed %d dead letters, want %d", len(listed), len(letters))
	}
	var out redriven
	d.taking("a redrive of three", func() {
		d.into(d.post("q/dead-letters/redrive?group=g", object{"reason": "squeezed", "max": 3}), http.StatusOK, &out)
	})
	if out.Redriven != 3 || out.Next == "" {
		t.Errorf("redriven: %+v", out)
	}
	if m := d.one("q", "group=g"); m.text() != string(letters[0].Value) {
		t.Errorf("came back: %d bytes", len(m.text()))
	}
}

// TestSqueezedReplies: a reply is found in a batch that decompresses to much more.
func TestSqueezedReplies(t *testing.T) {
	d := open(t, t.TempDir())
	d.send("q", "first")
	d.send("q.replies", "first")
	d.receive("q", "group=g")
	done := make(chan reply, 1)
	go func() {
		done <- d.do("POST", "/v1/queues/q/requests?wait_ms=20000", "please", "Accept", "application/octet-stream")
	}()
	m := d.one("q", "group=g")
	replies := squeezed("q.replies")
	replies[17].Headers = []kgo.RecordHeader{{Key: "kafka_correlationId", Value: []byte(m.Headers["kafka_correlationId"])}}
	d.sendSqueezed(replies)
	if got := <-done; got.status != http.StatusOK || !strings.HasSuffix(string(got.body), " 17") {
		t.Errorf("the reply: %d, %d bytes", got.status, len(got.body))
	}
}
