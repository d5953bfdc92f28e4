package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/broker"
	"weir/config"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// door is a broker with an HTTP door, as a user sees it.
type door struct {
	t      *testing.T
	broker *broker.Broker
	url    string
}

// open starts a broker on a directory, with settings given as name=value, and closes it with the test.
func open(t *testing.T, dir string, given ...string) *door {
	t.Helper()
	flags := map[string]string{
		"log.dirs": dir, "listeners": "PLAINTEXT://127.0.0.1:0", "weir.http.listener": "127.0.0.1:0",
		"share.coordinator.state.topic.num.partitions": "4",
	}
	for _, pair := range given {
		name, value, _ := strings.Cut(pair, "=")
		flags[name] = value
	}
	v, err := config.Load(config.LoadOptions{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	b, err := broker.Open(t.Context(), broker.Config{Values: v, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	d := &door{t: t, broker: b, url: "http://" + b.HTTPAddr().String()}
	t.Cleanup(d.shut)
	return d
}

func (d *door) shut() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := d.broker.Close(ctx); err != nil {
		d.t.Error(err)
	}
}

// reply is an answer read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request; headers are given as name, value.
func (d *door) do(method, path, body string, headers ...string) reply {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, d.url+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	got := reply{resp.StatusCode, resp.Header, text}
	d.asDescribed(method, path, got)
	return got
}

// post sends JSON to a queue.
func (d *door) post(path string, body any) reply {
	d.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.do("POST", "/v1/queues/"+path, string(text), "Content-Type", "application/json")
}

// into reads a JSON answer of a status.
func (d *door) into(r reply, status int, v any) {
	d.t.Helper()
	if r.status != status {
		d.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	if kind := r.header.Get("Content-Type"); kind != "application/json" {
		d.t.Fatalf("content type %q", kind)
	}
	dec := json.NewDecoder(bytes.NewReader(r.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		d.t.Fatalf("%s: %v", r.body, err)
	}
}

// problem asserts that an answer is a problem of a status, and gives its detail.
func (d *door) problem(r reply, status int) string {
	d.t.Helper()
	var p struct {
		Title, Detail string
		Status        int
	}
	if r.status != status || r.header.Get("Content-Type") != "application/problem+json" {
		d.t.Fatalf("status %d, type %q, want %d: %s", r.status, r.header.Get("Content-Type"), status, r.body)
	}
	if err := json.Unmarshal(r.body, &p); err != nil || p.Status != status || p.Title != http.StatusText(status) || p.Detail == "" {
		d.t.Fatalf("%s: %+v, %v", r.body, p, err)
	}
	return p.Detail
}

type object = map[string]any

type message struct {
	Receipt        string
	Partition      int32
	Offset         int64
	Timestamp_ms   int64
	Delivery_count int
	Key            *string
	Key_base64     []byte
	Value          *string
	Value_base64   []byte
	Headers        map[string]string
	Headers_base64 map[string][]byte
}

// send sends texts as one batch.
func (d *door) send(topic string, texts ...string) {
	d.t.Helper()
	var messages []object
	for _, text := range texts {
		messages = append(messages, object{"value": text})
	}
	if r := d.post(topic+"/messages", object{"messages": messages}); r.status != http.StatusOK {
		d.t.Fatalf("send: %d: %s", r.status, r.body)
	}
}

// receive receives; query is without the question mark.
func (d *door) receive(topic, query string) []message {
	d.t.Helper()
	var got struct{ Messages []message }
	d.into(d.do("POST", "/v1/queues/"+topic+"/receive?"+query, ""), http.StatusOK, &got)
	return got.Messages
}

// one receives one message, waiting for it.
func (d *door) one(topic, query string) message {
	d.t.Helper()
	got := d.receive(topic, "max=1&wait_ms=20000&"+query)
	if len(got) != 1 {
		d.t.Fatalf("received %d messages, want one", len(got))
	}
	return got[0]
}

// none asserts that nothing is there to be received.
func (d *door) none(topic, query string) {
	d.t.Helper()
	if got := d.receive(topic, query); len(got) != 0 {
		d.t.Fatalf("received %v, want nothing", texts(got))
	}
}

// settle acknowledges, or does what verb says, and asserts that it was done.
func (d *door) settle(topic, verb string, body object, of ...message) {
	d.t.Helper()
	if body == nil {
		body = object{}
	}
	var receipts []string
	for _, m := range of {
		receipts = append(receipts, m.Receipt)
	}
	body["receipts"] = receipts
	if r := d.post(topic+"/"+verb, body); r.status != http.StatusOK {
		d.t.Fatalf("%s: %d: %s", verb, r.status, r.body)
	}
}

func (m message) text() string {
	if m.Value == nil {
		return fmt.Sprintf("%x", m.Value_base64)
	}
	return *m.Value
}

func texts(all []message) []string {
	var out []string
	for _, m := range all {
		out = append(out, m.text())
	}
	return out
}

// client is a Kafka client of the broker.
func (d *door) client(options ...kgo.Opt) *kgo.Client {
	d.t.Helper()
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(d.broker.Addr("PLAINTEXT").String()),
		kgo.MetadataMinAge(10 * time.Millisecond)}, options...)...)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(c.Close)
	return c
}
