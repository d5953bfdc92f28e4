package broker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// assignAtOnce is for tests whose members come and go.
const assignAtOnce = "group.share.assignment.interval.ms=0"

// setGroup sets settings of a group, given as name=value.
func setGroup(t *testing.T, b *Broker, group string, given ...string) {
	t.Helper()
	if err := trySetGroup(t, b, group, given...); err != nil {
		t.Fatal(err)
	}
}

func trySetGroup(t *testing.T, b *Broker, group string, given ...string) error {
	t.Helper()
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeGroupConfig, group
	for _, pair := range given {
		c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		name, value, _ := strings.Cut(pair, "=")
		c.Name, c.Value = name, &value
		resource.Configs = append(resource.Configs, c)
	}
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.Resources = append(req.Resources, resource)
	resp, err := req.RequestWith(limit(t), client(t, b))
	if err != nil {
		t.Fatal(err)
	}
	if err := kerr.ErrorForCode(resp.Resources[0].ErrorCode); err != nil {
		return fmt.Errorf("%w: %s", err, *resp.Resources[0].ErrorMessage)
	}
	return nil
}

// member joins a share group.
func member(t *testing.T, b *Broker, group, topic string, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	return client(t, b, append([]kgo.Opt{kgo.ShareGroup(group), kgo.ConsumeTopics(topic), kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.ShareMaxRecordsStrict()}, options...)...)
}

// send produces one message of each text: value, or value;header=text;...
func send(t *testing.T, b *Broker, topic string, texts ...string) {
	t.Helper()
	var records []*kgo.Record
	for _, text := range texts {
		parts := strings.Split(text, ";")
		r := &kgo.Record{Topic: topic, Value: []byte(parts[0])}
		for _, h := range parts[1:] {
			name, value, _ := strings.Cut(h, "=")
			if name == "key" {
				r.Key = []byte(value)
				continue
			}
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: name, Value: []byte(value)})
		}
		records = append(records, r)
	}
	if err := client(t, b).ProduceSync(limit(t), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// receive gets n messages and settles them, and gives their values in the order in which they came.
func receive(t *testing.T, c *kgo.Client, n int, status kgo.AckStatus) string {
	t.Helper()
	var got []string
	for len(got) < n {
		ctx := limit(t)
		fetches := c.PollRecords(ctx, n-len(got))
		if err := fetches.Err(); err != nil {
			t.Fatalf("receive, have %v of %d: %v", got, n, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			got = append(got, string(r.Value))
			r.Ack(status)
		})
		if err := c.FlushAcks(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return strings.Join(got, " ")
}

func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s; want %s", what, got, want)
	}
}

// TestQueueDeadLetters: what was rejected or delivered too often is in a topic that nobody had to make, with its payload, also after a
// restart in between.
func TestQueueDeadLetters(t *testing.T) {
	dir := t.TempDir()
	b := openDir(t, dir, assignAtOnce)
	topic(t, b, "jobs", 2)
	setGroup(t, b, "g", "share.auto.offset.reset=earliest", "errors.deadletterqueue.topic.name=dlq.jobs", "share.delivery.count.limit=2")
	send(t, b, "jobs", "bad;a=b")
	c := member(t, b, "g", "jobs")
	wantText(t, "first", receive(t, c, 1, kgo.AckReject), "bad")
	send(t, b, "jobs", "worse")
	wantText(t, "first", receive(t, c, 1, kgo.AckRelease), "worse")
	c.Close()
	shut(t, b)
	b = openDir(t, dir, assignAtOnce)
	wantText(t, "again", receive(t, member(t, b, "g", "jobs"), 1, kgo.AckRelease), "worse")
	got := map[string]string{}
	for _, r := range consumeN(t, b, "dlq.jobs", 2) {
		for _, h := range r.Headers {
			got[string(r.Value)] += fmt.Sprintf("%s=%s;", h.Key, h.Value)
		}
	}
	for value, want := range map[string]string{"bad": "Offset rejected by client.", "worse": "Offset delivery count exceeded the threshold."} {
		if !strings.Contains(got[value], want) {
			t.Errorf("the letter of %s has headers %s", value, got[value])
		}
	}
	if !strings.HasSuffix(got["bad"], ";a=b;") {
		t.Errorf("the letter lost the record's header: %s", got["bad"])
	}
	parts, err := admin(t, b).ListTopics(limit(t), "dlq.jobs")
	if err != nil || len(parts["dlq.jobs"].Partitions) != 2 {
		t.Errorf("the topic for dead letters is %+v, %v", parts["dlq.jobs"], err)
	}
}

// TestQueueSettings: groups get what their filters want, in their order, when it is due and while it lives; settings of the topic hold
// for messages that say nothing.
func TestQueueSettings(t *testing.T) {
	b := openDir(t, t.TempDir(), assignAtOnce)
	topic(t, b, "orders", 1, "weir.message.delay.ms=1500")
	setGroup(t, b, "eu", "share.auto.offset.reset=earliest", "weir.share.filter=pattern:orders.*.eu.#", "weir.share.order=priority")
	setGroup(t, b, "big", "share.auto.offset.reset=earliest", `weir.share.filter=has(headers.amount) && int(headers.amount) > 100`)
	now := "weir.deliver.after=0"
	eu := member(t, b, "eu", "orders", kgo.ShareMaxRecords(1))
	send(t, b, "orders", "first;weir.routing.key=orders.new.eu;"+now) // what a first delivery waits for is there then
	wantText(t, "eu first", receive(t, eu, 1, kgo.AckAccept), "first")
	sent := time.UnixMilli(time.Now().UnixMilli()) // records and broker count whole milliseconds
	send(t, b, "orders", "low;weir.priority=1;weir.routing.key=orders.new.eu;"+now, "us;weir.routing.key=orders.new.us;"+now,
		"high;weir.priority=9;weir.routing.key=orders.new.eu.de;amount=200;"+now, "gone;weir.ttl=1;weir.routing.key=orders.new.eu",
		"late;weir.routing.key=orders.old.eu;amount=101")
	wantText(t, "eu by priority", receive(t, eu, 2, kgo.AckAccept), "high low")
	wantText(t, "eu when it is due", receive(t, eu, 1, kgo.AckAccept), "late")
	if took := time.Since(sent); took < 1500*time.Millisecond {
		t.Errorf("the delayed message came after %s", took)
	}
	wantText(t, "big", receive(t, member(t, b, "big", "orders"), 2, kgo.AckAccept), "high late")
	for _, bad := range []string{"weir.share.filter=key ==", "weir.share.order=best", "errors.deadletterqueue.topic.name=letters"} {
		if err := trySetGroup(t, b, "g", bad); err == nil || !strings.Contains(err.Error(), "INVALID_CONFIG") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestQueueKeyOrder: of each key one message at a time, in order, however many receive.
func TestQueueKeyOrder(t *testing.T) {
	b := openDir(t, t.TempDir(), assignAtOnce)
	topic(t, b, "steps", 1)
	setGroup(t, b, "g", "share.auto.offset.reset=earliest", "weir.share.order=key")
	var texts []string
	for i := range 30 {
		texts = append(texts, fmt.Sprintf("%c%02d;key=%c", 'a'+i%3, i/3, 'a'+i%3))
	}
	send(t, b, "steps", texts...)
	one, two := member(t, b, "g", "steps"), member(t, b, "g", "steps")
	seen := map[byte][]string{}
	for n := 0; n < 30; {
		for _, c := range []*kgo.Client{one, two} {
			ctx, cancel := context.WithTimeout(limit(t), 200*time.Millisecond)
			c.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
				seen[r.Value[0]] = append(seen[r.Value[0]], string(r.Value))
				n++
				r.Ack(kgo.AckAccept)
			})
			cancel()
			if err := c.FlushAcks(limit(t)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for key, values := range seen {
		if len(values) != 10 || !slices.IsSorted(values) {
			t.Errorf("key %c: %v", key, values)
		}
	}
}
