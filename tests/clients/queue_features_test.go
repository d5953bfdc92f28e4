//go:build clients

package clients

import (
	"cmp"
	"fmt"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/tests/brokers"
)

// queueFeatures are what queues have beyond Apache Kafka's share groups (docs/queue.md).
var queueFeatures = []struct {
	name  string
	check func(q *queueing)
}{
	{"dead letters", (*queueing).deadLetters},
	{"delay", (*queueing).delay},
	{"backoff", (*queueing).backoff},
	{"time to live", (*queueing).timeToLive},
	{"order by key", (*queueing).orderByKey},
	{"priority", (*queueing).priority},
	{"filters", (*queueing).filters},
	{"de-duplication", (*queueing).deduplication},
	{"request and reply", (*queueing).requestAndReply},
}

// TestQueueFeatures has every feature used from clients with share groups, and from clients without: these write records with headers,
// and their queues are worked off over HTTP.
func TestQueueFeatures(t *testing.T) {
	t.Parallel() // much of its time is waiting
	b, door := weirWithDoor(t, map[string]string{"group.share.assignment.interval.ms": "0"})
	for _, name := range []string{"java", "confluent-kafka", "franz-go", "kafka-python", "kafkajs", "sarama"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })]
			a := k.agent(t, b.Addr)
			for _, f := range queueFeatures {
				t.Run(f.name, func(t *testing.T) {
					q := &queueing{agent: a.on(t), kind: k, broker: b, door: door, ref: newReference(t, b.Addr), shares: slices.Contains(shareKinds, name)}
					f.check(q)
				})
			}
		})
	}
}

// queueing is one feature with one client.
type queueing struct {
	*agent
	kind
	broker *brokers.Broker
	door   string
	ref    *reference
	shares bool // it has members of share groups; the others ask over HTTP
	topic  string
}

// begin makes the topic, and a group of that name that reads it from its begin.
func (q *queueing) begin(feature string, topicConfig map[string]string, groupConfig ...string) {
	q.t.Helper()
	q.topic = q.ref.topic(q.kind.name+"."+feature, 1, topicConfig)
	q.set(q.topic, groupConfig...)
}

// set gives a group its settings.
func (q *queueing) set(group string, config ...string) {
	q.t.Helper()
	q.ref.groupSettings(group, append(config, "share.auto.offset.reset=earliest")...)
}

// send writes records, each in a request of its own: "value key header=value header=value"; a key of - is none.
func (q *queueing) send(texts ...string) (offsets []int64) {
	q.t.Helper()
	for _, text := range texts {
		words := strings.Fields(text)
		r := record{Value: []byte(words[0])}
		for i, w := range words[1:] {
			if i == 0 {
				if w != "-" {
					r.Key = []byte(w)
				}
				continue
			}
			name, value, _ := strings.Cut(w, "=")
			r.Headers = append(r.Headers, header{name, []byte(value)})
		}
		offsets = append(offsets, q.do(request{Op: "produce", Topic: q.topic, Codec: "none", Records: []record{r}}).Offsets...)
	}
	return offsets
}

// join is another who works the topic off, so many records at a time.
func (q *queueing) join(group string, most int) taker {
	q.t.Helper()
	if !q.shares {
		return &caller{queueing: q, topic: q.topic, group: group, max: most, receipts: map[int64]string{}}
	}
	s := &sharer{q, fmt.Sprint("member ", topicNumber.Add(1))}
	q.do(request{Op: "share_open", Member: s.member, Group: group, Topic: q.topic, Explicit: true, Max: most})
	return s
}

func (q *queueing) want(what string, got []string, want ...string) {
	q.t.Helper()
	if !slices.Equal(got, want) {
		q.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// left checks that the group has settled all and gets nothing more.
func (q *queueing) left(by taker, group string) {
	q.t.Helper()
	if got := by.take(300); len(got) > 0 {
		q.t.Errorf("nothing was to come any more: %v", got)
	}
	await(q.t, 20*time.Second, group+" has settled all", func() bool { return q.ref.shareLag(group, q.topic) == 0 })
}

// letters reads dead letters with the client's own consumer: value, reason, how often it was delivered, and the header `color`.
func (q *queueing) letters(topic string, n int) (got []string) {
	q.t.Helper()
	await(q.t, 20*time.Second, fmt.Sprint(n, " dead letters"), func() bool {
		ends, err := q.ref.adm.ListEndOffsets(q.t.Context(), topic)
		end, ok := ends.Lookup(topic, 0)
		return err == nil && ok && end.Err == nil && end.Offset >= int64(n)
	})
	for _, r := range q.fetch(request{Topic: topic, Count: n}) {
		if from := r.header("__dlq.errors.topic") + " " + r.header("__dlq.errors.group"); from != q.topic+" "+q.topic {
			q.t.Errorf("the dead letter of %s is from %q", r.Value, from)
		}
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s: %s %s %s", r.Value, r.header("__dlq.errors.message"),
			r.header("__dlq.errors.delivery.count"), r.header("color"))))
	}
	slices.Sort(got)
	return got
}

// deadLetters: what is rejected or tried too often is a dead letter with its payload, and comes again when it is redriven.
func (q *queueing) deadLetters() {
	q.begin("dead", nil, "share.delivery.count.limit=2", "errors.deadletterqueue.topic.name=dlq."+q.kind.name)
	dead := "dlq." + q.kind.name
	q.send("bad - color=red", "good", "worse")
	w := q.join(q.topic, 10)
	defer w.end()
	q.want("first", q.each(w, 3, map[string]string{"bad": "reject", "worse": "release"}), "bad x1", "good x1", "worse x1")
	q.want("again", drained(q.t, w, 1, "release"), "worse x2")
	q.left(w, q.topic)
	q.want("letters", q.letters(dead, 2), "bad: Offset rejected by client. 1 red", "worse: Offset delivery count exceeded the threshold. 2")
	if n := w.redrive(dead); n != 2 {
		q.t.Errorf("%d were redriven", n)
	}
	again := q.each(w, 2, nil)
	slices.Sort(again)
	q.want("redriven", again, "bad x1 1", "worse x1 1")
	if n := w.redrive(dead); n != 0 {
		q.t.Errorf("%d were redriven once more", n)
	}
	q.left(w, q.topic)
}

// each takes until n have come, and says of each what its value is to get: accept, if nothing. Those that were redriven tell how often.
func (q *queueing) each(w taker, n int, says map[string]string) (got []string) {
	q.t.Helper()
	for len(got) < n {
		records := w.take(shareWaitMs)
		if len(records) == 0 {
			q.t.Errorf("%d were to come, %q came", n, got)
			return got
		}
		for _, r := range records {
			w.say(cmp.Or(says[string(r.Value)], "accept"), r)
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s x%d %s", r.Value, r.Delivered, r.header("weir.redrive.count"))))
		}
	}
	return got
}

// brokerNow is the time as the broker counts it, in whole milliseconds: what is to wait from now on may come a part of one sooner.
func brokerNow() time.Time { return time.UnixMilli(time.Now().UnixMilli()) }

// delay: a record comes when it is due, and holds nobody back.
func (q *queueing) delay() {
	q.begin("delay", map[string]string{"weir.message.delay.ms": "1200"})
	sent := brokerNow()
	q.send(fmt.Sprintf("at - weir.deliver.at=%d", sent.Add(1600*time.Millisecond).UnixMilli()), "after - weir.deliver.after=2000", "topic's", "now - weir.deliver.after=0")
	w := q.join(q.topic, 10)
	defer w.end()
	came := map[string]time.Duration{}
	for len(came) < 4 {
		records := w.take(shareWaitMs)
		if len(records) == 0 {
			q.t.Fatalf("only these came: %v", came)
		}
		took := time.Since(sent)
		for _, r := range records {
			came[fmt.Sprintf("%s x%d", r.Value, r.Delivered)] = took
		}
		w.say("accept", records...)
	}
	for value, due := range map[string]time.Duration{"now x1": 0, "topic's x1": 1200 * time.Millisecond, "at x1": 1600 * time.Millisecond, "after x1": 2 * time.Second} {
		if at, ok := came[value]; !ok || at < due || at < came["now x1"] {
			q.t.Errorf("%s was due after %v, and all came after %v", value, due, came)
		}
	}
	q.left(w, q.topic)
}

// backoff: a record that is released comes again later and later, or when who releases it says.
func (q *queueing) backoff() {
	q.begin("backoff", nil, "weir.share.retry.backoff.ms=600", "weir.share.retry.backoff.multiplier=2")
	q.send("x")
	w := q.join(q.topic, 10)
	defer w.end()
	var due time.Time
	for i, byGroup := range []int{600, 1200} {
		got := w.take(shareWaitMs)
		if len(got) != 1 || got[0].Delivered != i+1 || time.Now().Before(due) {
			q.t.Fatalf("delivery %d, %v before it is due: %v", i+1, time.Until(due), got)
		}
		due = brokerNow()
		wait := w.later(900, got...)
		if wait < 0 {
			wait = byGroup
		}
		due = due.Add(time.Duration(wait) * time.Millisecond)
	}
	q.want("at last", drained(q.t, w, 1, "accept"), "x x3")
	if time.Now().Before(due) {
		q.t.Errorf("it came %v before it was due", time.Until(due))
	}
	q.left(w, q.topic)
}

// timeToLive: what has lived too long nobody gets; it is a dead letter.
func (q *queueing) timeToLive() {
	q.begin("ttl", map[string]string{"weir.message.ttl.ms": "3600000"}, "errors.deadletterqueue.topic.name=dlq.ttl."+q.kind.name)
	q.send("gone - weir.ttl=1 color=blue", "stays")
	w := q.join(q.topic, 10)
	defer w.end()
	q.want("alive", drained(q.t, w, 1, "accept"), "stays x1")
	q.left(w, q.topic)
	q.want("letters", q.letters("dlq.ttl."+q.kind.name, 1), "gone: Offset outlived its time to live. 0 blue")
}

// orderByKey: of each key one record is out at a time, and in order.
func (q *queueing) orderByKey() {
	q.begin("key", nil, "weir.share.order=key")
	q.send("a0 a", "a1 a", "b0 b", "a2 a", "b1 b")
	one, two := q.join(q.topic, 10), q.join(q.topic, 10)
	defer one.end()
	defer two.end()
	held := one.take(shareWaitMs)
	if len(held) != 2 || string(held[0].Value)+string(held[1].Value) != "a0b0" {
		q.t.Fatalf("the first of each key: %v", held)
	}
	if got := two.take(500); len(got) > 0 {
		q.t.Errorf("those behind them are to wait: %v", got)
	}
	one.say("release", held[0])
	one.say("accept", held[1])
	byKey := map[byte][]string{}
	for n := 0; n < 4; {
		for _, w := range []taker{one, two} {
			for _, r := range w.take(300) {
				byKey[r.Key[0]] = append(byKey[r.Key[0]], fmt.Sprintf("%s x%d", r.Value, r.Delivered))
				w.say("accept", r)
				n++
			}
		}
	}
	q.want("one key", byKey['a'], "a0 x2", "a1 x1", "a2 x1")
	q.want("the other", byKey['b'], "b1 x1")
	q.left(one, q.topic)
}

// priority: the highest goes first.
func (q *queueing) priority() {
	q.begin("priority", nil, "weir.share.order=priority")
	q.send("low - weir.priority=1", "middling", "high - weir.priority=9", "higher - weir.priority=7")
	w := q.join(q.topic, 1)
	defer w.end()
	q.want("by priority", drained(q.t, w, 4, "accept"), "high x1", "higher x1", "middling x1", "low x1")
	q.left(w, q.topic)
}

// filters: a group gets what its pattern or its expression matches, and is done with the rest.
func (q *queueing) filters() {
	q.begin("filter", nil, "weir.share.filter=pattern:orders.*.eu.#")
	cel := q.topic + ".cel"
	q.set(cel, `weir.share.filter=key.startsWith("k") && int(headers["amount"]) > 100`)
	q.send("small k weir.routing.key=orders.new.eu amount=7", "us k weir.routing.key=orders.new.us amount=200", "bare",
		"de k weir.routing.key=orders.old.eu.de amount=101", "other x weir.routing.key=orders.new amount=500")
	for group, want := range map[string][]string{q.topic: {"small x1", "de x1"}, cel: {"us x1", "de x1"}} {
		w := q.join(group, 10)
		q.want(group, drained(q.t, w, 2, "accept"), want...)
		q.left(w, group)
		w.end()
	}
}

// deduplication: records of one id are one, and who sends one again is told where the first is.
func (q *queueing) deduplication() {
	q.begin("dedup", map[string]string{"weir.dedup.window.ms": "600000"})
	offsets := q.send("one k weir.message.id=1", "again k weir.message.id=1", "two k weir.message.id=2", "last k weir.message.id=1", "none", "none")
	if q.exact && !(offsets[0] == 0 && offsets[1] == 0 && offsets[3] == 0 && 0 < offsets[2] && offsets[2] < offsets[4] && offsets[4] < offsets[5]) {
		q.t.Errorf("the producer was told of offsets %v", offsets)
	}
	w := q.join(q.topic, 10)
	defer w.end()
	q.want("each once", drained(q.t, w, 4, "accept"), "one x1", "two x1", "none x1", "none x1")
	q.left(w, q.topic)
}

// requestAndReply: a client that asks with two headers is answered by `weir reply`, and answers who asks over HTTP.
func (q *queueing) requestAndReply() {
	q.begin("ask", nil)
	answers := q.ref.topic(q.topic+".answers", 1, nil)
	cmd := exec.CommandContext(q.t.Context(), brokers.WeirBinary(q.t), "reply", q.topic, "-g", q.topic+".weir", "--from-start", "-n", "2", "--bootstrap", q.broker.Addr,
		"--", "sed", "s/^/answer to /")
	if err := brokers.StartChild(cmd); err != nil {
		q.t.Fatal(err)
	}
	q.send("one - kafka_correlationId=c1 kafka_replyTopic="+answers, "two - kafka_correlationId=c2 kafka_replyTopic="+answers)
	var got []string
	for _, r := range q.fetch(request{Topic: answers, Count: 2}) {
		got = append(got, r.header("kafka_correlationId")+" "+string(r.Value))
	}
	slices.Sort(got)
	q.want("answers", got, "c1 answer to one", "c2 answer to two")
	if err := cmd.Wait(); err != nil {
		q.t.Errorf("weir reply: %v", err)
	}

	w := q.join(q.topic, 10)
	defer w.end()
	q.want("the group has them too", drained(q.t, w, 2, "accept"), "one x1", "two x1")
	asked := make(chan string)
	asker := *q
	go func() {
		defer close(asked)
		var a struct{ Reply struct{ Value string } }
		asker.post(q.topic, "requests", url.Values{"reply_topic": {answers}, "wait_ms": {"30000"}}, map[string]any{"value": "three"}, &a)
		asked <- a.Reply.Value
	}()
	for _, r := range w.take(shareWaitMs) {
		q.do(request{Op: "produce", Topic: r.header("kafka_replyTopic"), Codec: "none", Records: []record{{Value: append([]byte("reply to "), r.Value...),
			Headers: []header{{"kafka_correlationId", []byte(r.header("kafka_correlationId"))}}}}})
		w.say("accept", r)
	}
	q.want("over HTTP", []string{<-asked}, "reply to three")
}
