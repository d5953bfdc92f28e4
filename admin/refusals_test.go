package admin_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// badRequest is a request that is refused.
type badRequest struct {
	path, kind, body string
	status           int
	detail           string // part of it
}

func badRequests() []badRequest {
	long := strings.Repeat("a", 100001)
	many := strings.TrimSuffix(strings.Repeat(`"0.0.m.g",`, 1001), ",")
	const json = "application/json"
	return []badRequest{
		{"q/messages", json, ``, 400, "empty"},
		{"q/messages", json, `{`, 400, "cannot be read"},
		{"q/messages", json, `[]`, 400, "cannot be read"},
		{"q/messages", json, `{} {}`, 400, "top-level"},
		{"q/messages", json, `{"value":"a","value":"b"}`, 400, "duplicate"},
		{"q/messages", json, "{\"value\":\"\xff\"}", 400, "UTF-8"},
		{"q/messages", json, `{"valu":"a"}`, 400, "valu"},
		{"q/messages", json, `{"value_base64":"!"}`, 400, "cannot be read"},
		{"q/messages", json, `{"value":"a","value_base64":"YQ=="}`, 422, "two values"},
		{"q/messages", json, `{"key":"a","key_base64":"YQ=="}`, 422, "two keys"},
		{"q/messages", json, `{"value":"a","priority":10}`, 422, "0 to 9"},
		{"q/messages", json, `{"value":"a","delay_ms":-1}`, 422, "negative"},
		{"q/messages", json, `{"value":"a","delay_ms":1,"deliver_at_ms":1}`, 422, "delay and a time"},
		{"q/messages", json, `{"messages":[{"value":"a"},{"value":"a","ttl_ms":0}]}`, 422, "body.messages[1].ttl_ms"},
		{"q/messages", json, `{"messages":[]}`, 422, "none"},
		{"q/messages", json, `{"messages":[` + strings.TrimSuffix(strings.Repeat(`{},`, 1001), ",") + `]}`, 422, "1000"},
		{"q/messages", json, `{"value":"a","messages":[{"value":"b"}]}`, 422, "messages too"},
		{"q/messages", json, strings.Repeat("[", 50000), 400, "cannot be read"},
		{"q/messages", "text/plain", long, 413, "100000"},
		{"q/messages?priority=x", "text/plain", "a", 422, ""},
		{"q/messages?priority=11", "text/plain", "a", 422, "0 to 9"},
		{"q/messages?colour=red", "text/plain", "a", 422, ""},
		{"__consumer_offsets/messages", json, `{"value":"a"}`, 403, "internal"},
		{"a%20b/messages", json, `{"value":"a"}`, 400, "a b"},
		{strings.Repeat("a", 250) + "/messages", json, `{"value":"a"}`, 422, ""},
		{"nowhere/receive", "", "", 404, "nowhere"},
		{"q/receive?max=0", "", "", 422, ""},
		{"q/receive?max=1001", "", "", 422, ""},
		{"q/receive?wait_ms=-1", "", "", 422, ""},
		{"q/receive?visibility_ms=0", "", "", 422, "43200000"},
		{"q/receive?visibility_ms=43200001", "", "", 422, "43200000"},
		{"q/receive?group=a%0Ab", "", "", 422, "control"},
		{"q/receive?group=%ff", "", "", 422, "text"},
		{"q/ack", json, ``, 400, "empty"},
		{"q/ack", json, `{}`, 422, "none"},
		{"q/ack", json, `{"receipts":[` + many + `]}`, 422, "1000"},
		{"q/ack", json, `{"receipt":"0.0.m"}`, 400, "no receipt"},
		{"q/ack", json, `{"receipt":"1.0.m.g"}`, 400, "no receipt"},
		{"q/ack", json, `{"receipt":"0.-1.m.g"}`, 400, "no receipt"},
		{"q/ack", json, `{"receipt":"0.0.m.g%"}`, 400, "no receipt"},
		{"q/ack", json, `{"receipt":"0.0.m.g"}`, 409, "no longer"},
		{"q/ack", json, `{"receipt":"0.9223372036854775807.m.g"}`, 409, "no longer"},
		{"nowhere/ack", json, `{"receipt":"0.0.m.g"}`, 404, "nowhere"},
		{"q/requests", json, `{"messages":[{"value":"a"}]}`, 422, "one message"},
		{"q/requests?wait_ms=1", json, `{"value":"a"}`, 504, "q.replies"},
		{"q/requests?reply_topic=__consumer_offsets", json, `{"value":"a"}`, 403, "internal"},
		{strings.Repeat("a", 245) + "/requests", json, `{"value":"a"}`, 400, ""},
		{"q/nack", json, `{"receipt":"0.0.m.g","delay_ms":-1}`, 422, "negative"},
		{"q/nack", json, `{"receipt":"0.0.m.g","delay_ms":1,"reject":true}`, 422, "rejected"},
		{"q/extend", json, `{"receipt":"0.0.m.g","visibility_ms":0}`, 422, "43200000"},
	}
}

func TestBadRequests(t *testing.T) {
	d := open(t, t.TempDir(), "weir.http.max.request.bytes=100000", "auto.create.topics.enable=false")
	if r := d.post("q/messages", object{"value": "a"}); r.status != http.StatusNotFound {
		t.Errorf("send to a topic that is not there: %d %s", r.status, r.body)
	}
	d.shut()
	d = open(t, t.TempDir(), "weir.http.max.request.bytes=100000")
	d.send("q", "a")
	d.receive("q", "group=g&visibility_ms=1")
	for _, c := range badRequests() {
		r := d.do("POST", "/v1/queues/"+c.path, c.body, "Content-Type", c.kind)
		name := fmt.Sprintf("%s %.60s", c.path, c.body)
		if r.status != c.status {
			t.Errorf("%s: status %d, want %d: %s", name, r.status, c.status, r.body)
			continue
		}
		if detail := d.problem(r, c.status); !strings.Contains(detail, c.detail) {
			t.Errorf("%s: %q, want %q", name, detail, c.detail)
		}
	}
	if got := d.receive("q", ""); len(got) != 2 || got[0].text() != "a" || got[1].Headers["kafka_replyTopic"] != "q.replies" {
		t.Errorf("received %v: a refused message is there", texts(got))
	}
	d.none("q", "")
}

func TestPathsThatAreNotThere(t *testing.T) {
	d := open(t, t.TempDir())
	d.problem(d.do("GET", "/", ""), http.StatusNotFound)
	d.problem(d.do("POST", "/v1/queues/q", ""), http.StatusMethodNotAllowed)
	d.problem(d.do("POST", "/v1/queues", ""), http.StatusNotFound)
	r := d.do("GET", "/v1/queues/q/messages", "")
	d.problem(r, http.StatusMethodNotAllowed)
	if allow := r.header.Get("Allow"); allow != "POST" {
		t.Errorf("Allow: %q", allow)
	}
	if r := d.do("GET", "/openapi.json", ""); r.status != http.StatusOK || !strings.Contains(string(r.body), "/v1/queues/{topic}/messages") {
		t.Errorf("/openapi.json: %d", r.status)
	}
}

// TestHostAndOrigin: a page that rebinds its name to the loopback, or sends from its own origin, gets nothing.
func TestHostAndOrigin(t *testing.T) {
	d := open(t, t.TempDir(), "weir.http.allowed.hosts=queue.example")
	for _, host := range []string{"localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.9.9.9", "[::1]:80", "queue.example", "Queue.Example.:81"} {
		if r := d.do("POST", "/v1/queues/q/messages", "a", "Host", host); r.status != http.StatusOK {
			t.Errorf("host %s: %d %s", host, r.status, r.body)
		}
	}
	for _, host := range []string{"evil.example", "localhost.evil.example", "10.0.0.1", "queue.example.evil", "0.0.0.0", "127.0.0.1.evil.example"} {
		d.problem(d.do("POST", "/v1/queues/q/messages", "a", "Host", host), http.StatusMisdirectedRequest)
		d.problem(d.do("GET", "/openapi.json", "", "Host", host), http.StatusMisdirectedRequest)
	}
	for _, headers := range [][]string{{"Origin", "http://evil.example"}, {"Origin", "http://localhost:3000"}, {"Origin", "null"},
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}} {
		d.problem(d.do("POST", "/v1/queues/q/messages", "a", headers...), http.StatusForbidden)
	}
	if r := d.do("POST", "/v1/queues/q/messages", "a", "Origin", d.url); r.status != http.StatusOK {
		t.Errorf("its own origin: %d %s", r.status, r.body)
	}
}

// TestChunkedBodiesAreBounded: a body without a length ends at the bound too.
func TestChunkedBodiesAreBounded(t *testing.T) {
	d := open(t, t.TempDir(), "weir.http.max.request.bytes=1000")
	for n, want := range map[int]int{1000: http.StatusOK, 1001: http.StatusRequestEntityTooLarge} {
		body := struct{ io.Reader }{strings.NewReader(strings.Repeat("a", n))}
		resp, err := http.Post(d.url+"/v1/queues/q/messages", "text/plain", body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%d bytes: %d, want %d", n, resp.StatusCode, want)
		}
	}
}

// TestWaitsAreBounded: the broker's bound counts, whatever a request asks for.
func TestWaitsAreBounded(t *testing.T) {
	d := open(t, t.TempDir(), "weir.http.max.wait.ms=50")
	d.send("q", "a")
	d.settle("q", "ack", nil, d.one("q", ""))
	d.none("q", "wait_ms=3600000")
}

// TestConnectionsAreBounded: one more than are allowed is served when another has gone.
func TestConnectionsAreBounded(t *testing.T) {
	d := open(t, t.TempDir(), "weir.http.max.connections=1")
	address := strings.TrimPrefix(d.url, "http://")
	dial := func() net.Conn {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := io.WriteString(c, "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		return c
	}
	answered := func(c net.Conn) chan error {
		done := make(chan error, 1)
		go func() {
			_, err := bufio.NewReader(c).ReadString('\n')
			done <- err
		}()
		return done
	}
	first := dial()
	if err := <-answered(first); err != nil {
		t.Fatal(err)
	}
	second := answered(dial())
	select {
	case <-second:
		t.Fatal("a second connection was served")
	case <-time.After(100 * time.Millisecond):
	}
	first.Close()
	if err := <-second; err != nil {
		t.Fatal(err)
	}
}

// TestCloseEndsWaits: a broker that stops does not wait for those who wait for messages.
func TestCloseEndsWaits(t *testing.T) {
	d := open(t, t.TempDir())
	d.send("q", "a")
	d.settle("q", "ack", nil, d.one("q", ""))
	done := make(chan struct{})
	c, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "POST /v1/queues/q/receive?wait_ms=20000 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(done)
		_, _ = io.ReadAll(c) // answered, or cut off before it began
	}()
	began := time.Now()
	d.shut()
	<-done
	if took := time.Since(began); took > patience/4 {
		t.Errorf("took %v", took)
	}
}

// TestContentCodings: a compressed body is not taken for the value of a message.
func TestContentCodings(t *testing.T) {
	d := open(t, t.TempDir())
	r := d.do("POST", "/v1/queues/q/messages", "\x1f\x8b", "Content-Encoding", "gzip")
	d.problem(r, http.StatusUnsupportedMediaType)
	if r.header.Get("Accept-Encoding") != "identity" {
		t.Errorf("%v", r.header)
	}
	if r := d.do("POST", "/v1/queues/q/messages", "a", "Content-Encoding", "identity"); r.status != http.StatusOK {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// TestSmallBodiesThatWait: requests whose bodies say no length do not keep others out while they wait for their replies.
func TestSmallBodiesThatWait(t *testing.T) {
	d := open(t, t.TempDir(), "weir.http.max.request.bytes=1000", "weir.request.read.timeout.ms=2000")
	d.send("q", "a")
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			body := struct{ io.Reader }{strings.NewReader("a")}
			resp, err := http.Post(d.url+"/v1/queues/q/requests?wait_ms=20000", "text/plain", body)
			if err == nil {
				resp.Body.Close()
			}
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("%v, %+v", err, resp)
			}
		})
	}
	for n := 0; n < 10; {
		for _, m := range d.receive("q", "wait_ms=20000") {
			if id := m.Headers["kafka_correlationId"]; id != "" {
				n++
				defer d.post("q.replies/messages", object{"value": "b", "headers": object{"kafka_correlationId": id}})
			}
		}
	}
	t.Cleanup(all.Wait)
}

// TestOddRequests: what is no request of a queue is answered with a problem, and never with an error of ours.
func TestOddRequests(t *testing.T) {
	d := open(t, t.TempDir())
	d.send("q", "a")
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"OPTIONS", "/v1/queues/q/messages", 405}, {"PUT", "/v1/queues/q/ack", 405}, {"TRACE", "/v1/queues/q/receive", 405},
		{"POST", "/v1/queues//messages", 404}, {"POST", "/v1/queues/%2e%2e/messages", 400}, {"POST", "/v1/queues/a%2fb/messages", 400},
		{"POST", "/v1/queues/%00/receive", 400}, {"POST", "/v1/queues/%ff/receive", 400}, {"POST", "/v1/queues/q/../../x", 404},
		{"POST", "/v1/queues/q/receive?max=99999999999999999999", 422}, {"POST", "/v1/queues/q/receive?max=1e3", 422},
		{"POST", "/v1/queues/q/receive?wait_ms=9223372036854775808", 422}, {"POST", "/v1/queues/q/receive?group=a;b", 400},
		{"POST", "/v1/queues/q/receive?group=" + strings.Repeat("a", 256), 422},
		{"POST", "/v1/queues/q/receive?group=%zz", 400}, {"POST", "/v1/queues/__share_group_state/receive", 403},
		{"POST", "/v1/queues/q/ack?receipt=" + strings.Repeat("0", 2000), 400}, {"GET", "/v1/queues/q/dead-letters?max=0", 422},
		{"DELETE", "/v1/queues/q", 405}, {"GET", "/v1/queues/q?group=%00", 422}, {"GET", "/v1/queues/__share_group_state", 403}, {"POST", "/v1/queues/" + strings.Repeat("%C3%BC", 200) + "/receive", 400},
	} {
		r := d.do(c.method, c.path, "")
		if r.status != c.status {
			t.Errorf("%s %.60s: %d, want %d: %s", c.method, c.path, r.status, c.status, r.body)
			continue
		}
		d.problem(r, c.status)
	}
	if r := d.do("HEAD", "/openapi.json", ""); r.status != http.StatusOK || len(r.body) != 0 {
		t.Errorf("HEAD: %d, %d bytes", r.status, len(r.body))
	}
}
