package admin_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// group alters a setting of a group.
func (d *door) group(name, setting, value string) {
	d.t.Helper()
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeGroupConfig, name
	config := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	config.Name, config.Value = setting, &value
	resource.Configs = append(resource.Configs, config)
	req.Resources = append(req.Resources, resource)
	resp, err := req.RequestWith(d.t.Context(), d.client())
	if err != nil || resp.Resources[0].ErrorCode != 0 {
		d.t.Fatalf("alter group: %v, %+v", err, resp)
	}
}

// letters is what a list of dead letters answers.
type letters struct {
	Topic        string
	Dead_letters []struct {
		ID             string
		Timestamp_ms   int64
		Partition      int32
		Offset         int64
		Delivery_count int
		Reason         string
		Redrives       int
		Key, Value     *string
		Key_base64     []byte
		Value_base64   []byte
		Headers        map[string]string
		Headers_base64 map[string][]byte
	}
	Next string
}

func (d *door) letters(query string) letters {
	d.t.Helper()
	var got letters
	d.into(d.do("GET", "/v1/queues/q/dead-letters?"+query, ""), http.StatusOK, &got)
	return got
}

// until asks until a condition holds: dead letters are written in their own time.
func (d *door) until(what string, holds func() bool) {
	d.t.Helper()
	for range 2000 {
		if holds() {
			return
		}
		if got := d.receive("q", "group=nobody&wait_ms=10"); len(got) > 0 {
			d.settle("q", "ack", nil, got...)
		}
	}
	d.t.Fatalf("%s: not so", what)
}

type redriven struct {
	Redriven int
	Results  []struct {
		ID        string
		Partition *int32
		Offset    *int64
		Error     *struct {
			Title, Detail string
			Status        int
		}
	}
	Next string
}

func TestDeadLetters(t *testing.T) {
	d := open(t, t.TempDir())
	d.send("q", "a", "b", "c", "d", "e")
	d.problem(d.do("GET", "/v1/queues/q/dead-letters?group=g", ""), http.StatusNotFound)
	d.group("g", "errors.deadletterqueue.topic.name", "dlq.q")
	all := d.receive("q", "group=g")
	d.settle("q", "nack", object{"reject": true}, all...)
	d.until("five dead letters", func() bool {
		r := d.do("GET", "/v1/queues/q/dead-letters?group=g", "")
		return r.status == http.StatusOK && len(d.letters("group=g").Dead_letters) == 5
	})
	first := d.letters("group=g&max=2")
	if l := first.Dead_letters[0]; first.Topic != "dlq.q" || len(first.Dead_letters) != 2 || *l.Value != "a" || l.Offset != 0 ||
		l.Delivery_count != 1 || l.Reason == "" || l.Redrives != 0 || len(l.Headers) != 0 {
		t.Errorf("dead letters: %+v", first)
	}
	rest := d.letters("group=g&after=" + first.Next)
	if len(rest.Dead_letters) != 3 || *rest.Dead_letters[0].Value != "c" || rest.Next != "" {
		t.Errorf("the rest: %+v", rest)
	}
	if other := d.letters("group=g&after=" + rest.Dead_letters[2].ID); len(other.Dead_letters) != 0 {
		t.Errorf("after the last: %+v", other)
	}

	var out redriven
	d.into(d.post("q/dead-letters/redrive?group=g", object{"all": true, "dry_run": true}), http.StatusOK, &out)
	if out.Redriven != 5 {
		t.Errorf("a dry run: %+v", out)
	}
	out = redriven{}
	d.into(d.post("q/dead-letters/redrive?group=g", object{"ids": []string{rest.Dead_letters[0].ID, "0:999"}}), http.StatusMultiStatus, &out)
	if out.Redriven != 1 || out.Results[0].Error != nil || *out.Results[0].Offset != 5 || out.Results[1].Error.Status != http.StatusNotFound {
		t.Errorf("one: %+v", out)
	}
	if m := d.one("q", "group=g"); m.text() != "c" || m.Headers["weir.redrive.count"] != "1" {
		t.Errorf("came back: %+v", m)
	}
	if left := d.letters("group=g"); len(left.Dead_letters) != 4 {
		t.Errorf("%d dead letters are left, want 4", len(left.Dead_letters))
	}
	d.problem(d.post("q/dead-letters/redrive?group=g", object{"all": true, "to": "repair"}), http.StatusNotFound)
	d.send("repair", "x")
	out = redriven{}
	d.into(d.post("q/dead-letters/redrive?group=g", object{"all": true, "to": "repair"}), http.StatusOK, &out)
	if got := texts(d.receive("repair", "group=g")); out.Redriven != 4 || !slices.Equal(got, []string{"x", "a", "b", "d", "e"}) {
		t.Errorf("repaired: %+v, %v", out, got)
	}
}

// TestRedriveAll: what was sent again is no dead letter any more, to whoever asks, also after a restart.
func TestRedriveAll(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	var want []string
	for i := range 30 {
		want = append(want, fmt.Sprintf("m%02d", i))
	}
	d.send("q", want...)
	d.group("g", "errors.deadletterqueue.topic.name", "dlq.q")
	d.settle("q", "nack", object{"reject": true}, d.receive("q", "group=g&max=30")...)
	d.until("thirty dead letters", func() bool {
		r := d.do("GET", "/v1/queues/q/dead-letters?group=g", "")
		return r.status == http.StatusOK && len(d.letters("group=g").Dead_letters) == 30
	})
	for _, n := range []int{10, 10, 10, 0} {
		var out redriven
		d.into(d.post("q/dead-letters/redrive?group=g", object{"all": true, "max": 10}), http.StatusOK, &out)
		if out.Redriven != n {
			t.Errorf("redriven: %+v, want %d", out, n)
		}
	}
	d.shut()
	d = open(t, dir)
	if left := d.letters("group=g"); len(left.Dead_letters) != 0 {
		t.Errorf("after a restart: %+v", left)
	}
	got := d.receive("q", "group=g&max=100")
	if have := texts(got); !slices.Equal(have, want) {
		t.Errorf("came back: %v", have)
	}
}

func TestRedriveRefuses(t *testing.T) {
	d := open(t, t.TempDir())
	d.send("q", "a")
	for _, body := range []object{{}, {"ids": []string{"0:1"}, "all": true}, {"ids": []string{"x"}}, {"ids": []string{"0:-1"}}, {"all": true, "max": 1001},
		{"ids": []string{"0:1"}, "after": "0:0"}, {"ids": []string{"0:1"}, "filter": "true"}, {"all": true, "reason": "x"}, {"all": true, "rate": -1},
		{"all": true, "max_redrives": -1}, {"filter": "key =="}, {"filter": strings.Repeat("a", 5000)}, {"all": true, "after": "0"}} {
		d.problem(d.post("q/dead-letters/redrive?group=g", body), http.StatusUnprocessableEntity)
	}
	d.problem(d.post("q/dead-letters/redrive?group=g", object{"all": true}), http.StatusNotFound)
	d.problem(d.do("GET", "/v1/queues/q/dead-letters?after=x", ""), http.StatusNotFound)
}

// bury sends texts and has all of them rejected by group g; one in three has the header kind: odd.
func (d *door) bury(n int) {
	d.t.Helper()
	var messages []object
	for i := range n {
		m := object{"value": fmt.Sprintf("m%02d", i), "key": "k"}
		if i%3 == 0 {
			m["headers"] = object{"kind": "odd"}
		}
		messages = append(messages, m)
	}
	if r := d.post("q/messages", object{"messages": messages}); r.status != http.StatusOK {
		d.t.Fatalf("send: %s", r.body)
	}
	d.group("g", "errors.deadletterqueue.topic.name", "dlq.q")
	d.settle("q", "nack", object{"reject": true}, d.receive("q", fmt.Sprintf("group=g&max=%d", n))...)
	d.until("dead letters", func() bool {
		r := d.do("GET", "/v1/queues/q/dead-letters?group=g", "")
		return r.status == http.StatusOK && len(d.letters("group=g").Dead_letters) == n
	})
}

// TestRedriveSome: those that match are listed and sent again, the others stay where they are.
func TestRedriveSome(t *testing.T) {
	d := open(t, t.TempDir())
	d.bury(9)
	const odd = `headers["kind"] == "odd"`
	if got := d.letters("group=g&filter=" + url.QueryEscape(odd)); len(got.Dead_letters) != 3 || *got.Dead_letters[1].Value != "m03" {
		t.Errorf("listed by a filter: %+v", got)
	}
	if got := d.letters("group=g&reason=rejected"); len(got.Dead_letters) != 9 {
		t.Errorf("listed by a reason: %d", len(got.Dead_letters))
	}
	if got := d.letters("group=g&reason=outlived"); len(got.Dead_letters) != 0 {
		t.Errorf("listed by another reason: %+v", got)
	}
	d.problem(d.do("GET", "/v1/queues/q/dead-letters?group=g&filter=key+%3D%3D", ""), http.StatusUnprocessableEntity)
	var out redriven
	d.into(d.post("q/dead-letters/redrive?group=g", object{"filter": odd, "max": 2}), http.StatusOK, &out)
	if out.Redriven != 2 || out.Next == "" {
		t.Errorf("two of three: %+v", out)
	}
	after := out.Next
	out = redriven{}
	d.into(d.post("q/dead-letters/redrive?group=g", object{"filter": odd, "after": after}), http.StatusOK, &out)
	if out.Redriven != 1 || out.Next != "" {
		t.Errorf("the third: %+v", out)
	}
	if got := texts(d.receive("q", "group=g")); !slices.Equal(got, []string{"m00", "m03", "m06"}) {
		t.Errorf("came back: %v", got)
	}
	out = redriven{}
	d.into(d.post("q/dead-letters/redrive?group=g", object{"reason": "rejected", "max_redrives": 1}), http.StatusOK, &out)
	if out.Redriven != 6 {
		t.Errorf("the rest: %+v", out)
	}
}

// TestRedriveSlowly: a rate holds, and what the time did not suffice for is told.
func TestRedriveSlowly(t *testing.T) {
	d := open(t, t.TempDir(), "weir.http.max.wait.ms=1")
	d.bury(5)
	var out redriven
	d.into(d.post("q/dead-letters/redrive?group=g", object{"all": true, "rate": 0.01}), http.StatusOK, &out)
	if out.Redriven != 1 || out.Next == "" {
		t.Errorf("in a second: %+v", out)
	}
	left := d.letters("group=g").Dead_letters
	if len(left) != 4 {
		t.Fatalf("%d are left", len(left))
	}
	out = redriven{}
	d.into(d.post("q/dead-letters/redrive?group=g", object{"ids": []string{left[0].ID, left[3].ID}, "rate": 0.01}), http.StatusMultiStatus, &out)
	if out.Redriven != 1 || out.Results[1].Error.Status != http.StatusGatewayTimeout {
		t.Errorf("two in a second: %+v", out)
	}
}

// TestRedriveClears: dead letters before which none is left are deleted, unless they are to be kept.
func TestRedriveClears(t *testing.T) {
	d := open(t, t.TempDir())
	d.bury(3)
	adm := kadm.NewClient(d.client())
	start := func() int64 {
		starts, err := adm.ListStartOffsets(t.Context(), "dlq.q")
		if err != nil || starts.Error() != nil {
			t.Fatal(err, starts.Error())
		}
		at, _ := starts.Lookup("dlq.q", 0)
		return at.Offset
	}
	redrive := func(body object) {
		var out redriven
		if d.into(d.post("q/dead-letters/redrive?group=g", body), http.StatusOK, &out); out.Redriven != 1 {
			t.Errorf("redriven: %+v", out)
		}
	}
	redrive(object{"ids": []string{"0:1"}})
	if at := start(); at != 0 {
		t.Errorf("begins at %d, though the first letter is there", at)
	}
	redrive(object{"ids": []string{"0:0"}, "keep": true})
	if at := start(); at != 0 {
		t.Errorf("begins at %d, though all were to be kept", at)
	}
	redrive(object{"all": true})
	if at := start(); at != 3 {
		t.Errorf("begins at %d, want 3", at)
	}
}

// TestRedriveEmpty: letters that do not have their message go only when that is said.
func TestRedriveEmpty(t *testing.T) {
	d := open(t, t.TempDir())
	d.send("q", "a")
	d.group("g", "errors.deadletterqueue.copy.record.enable", "false")
	d.group("g", "errors.deadletterqueue.topic.name", "dlq.q")
	d.settle("q", "nack", object{"reject": true}, d.one("q", "group=g"))
	d.until("a dead letter", func() bool {
		r := d.do("GET", "/v1/queues/q/dead-letters?group=g", "")
		return r.status == http.StatusOK && len(d.letters("group=g").Dead_letters) == 1
	})
	var out redriven
	d.into(d.post("q/dead-letters/redrive?group=g", object{"all": true}), http.StatusMultiStatus, &out)
	if out.Redriven != 0 || out.Results[0].Error.Status != http.StatusConflict {
		t.Errorf("without empty: %+v", out)
	}
	out = redriven{}
	d.into(d.post("q/dead-letters/redrive?group=g", object{"all": true, "empty": true}), http.StatusOK, &out)
	if m := d.one("q", "group=g"); out.Redriven != 1 || m.Value != nil {
		t.Errorf("with empty: %+v, %+v", out, m)
	}
}
