package admin_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// answers is what a request is answered with.
type answers struct {
	Partition int32
	Offset    int64
	Reply     message
}

// TestRequestsOverHTTP: who answers needs nothing but HTTP.
func TestRequestsOverHTTP(t *testing.T) {
	d := open(t, t.TempDir(), "num.partitions=3")
	d.send("sums", "0+0") // so that the worker finds the topic
	var all sync.WaitGroup
	all.Go(func() {
		for n := 0; n < 21 && !t.Failed(); {
			for _, m := range d.receive("sums", "wait_ms=20000&group=workers") {
				n++
				d.settle("sums", "ack", nil, m)
				if m.Headers["kafka_replyTopic"] == "" {
					continue
				}
				r := d.post(m.Headers["kafka_replyTopic"]+"/messages", object{"value": "sum of " + *m.Value,
					"headers": object{"kafka_correlationId": m.Headers["kafka_correlationId"]}})
				if r.status != http.StatusOK {
					t.Errorf("reply: %s", r.body)
				}
			}
		}
	})
	for i := range 20 {
		all.Go(func() {
			text := fmt.Sprintf("%d+%d", i, i)
			var got answers
			d.into(d.post("sums/requests?wait_ms=20000", object{"value": text, "key": text}), http.StatusOK, &got)
			if got.Reply.text() != "sum of "+text {
				t.Errorf("request %s was answered with %s", text, got.Reply.text())
			}
		})
	}
	all.Wait()
}

// TestRequestsToKafkaClients: who answers may be a Kafka client, as one that answers spring-kafka's requests does.
func TestRequestsToKafkaClients(t *testing.T) {
	d := open(t, t.TempDir())
	d.send("jobs", "first")
	c := d.client(kgo.ConsumeTopics("jobs"), kgo.AllowAutoTopicCreation())
	go func() {
		for {
			for _, r := range c.PollFetches(t.Context()).Records() {
				reply := &kgo.Record{Value: append([]byte("done: "), r.Value...)}
				for _, h := range r.Headers {
					switch h.Key {
					case "kafka_replyTopic":
						reply.Topic = string(h.Value)
					case "kafka_correlationId":
						reply.Headers = append(reply.Headers, h)
					}
				}
				if reply.Topic != "" {
					c.Produce(t.Context(), reply, nil)
				}
			}
			if t.Context().Err() != nil {
				return
			}
		}
	}()
	r := d.do("POST", "/v1/queues/jobs/requests?wait_ms=20000&reply_topic=answers", "work", "Accept", "application/octet-stream")
	if r.status != http.StatusOK || string(r.body) != "done: work" {
		t.Errorf("%d: %s", r.status, r.body)
	}
}
