package admin_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

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
	for _, body := range []object{{}, {"ids": []string{"0:1"}, "all": true}, {"ids": []string{"x"}}, {"ids": []string{"0:-1"}}, {"all": true, "max": 1001}} {
		d.problem(d.post("q/dead-letters/redrive?group=g", body), http.StatusUnprocessableEntity)
	}
	d.problem(d.post("q/dead-letters/redrive?group=g", object{"all": true}), http.StatusNotFound)
	d.problem(d.do("GET", "/v1/queues/q/dead-letters?after=x", ""), http.StatusNotFound)
}
