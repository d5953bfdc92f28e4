package admin_test

import (
	"net/http"
	"testing"
)

// depth is what a queue tells of a group.
type depth struct {
	Topic, Group                                 string
	Available, Unseen, In_flight, Delayed, Dying int64
	Dead_letter_topic                            string
	Dead_letters                                 int64
	Partitions                                   []struct {
		Partition                                    int32
		Available, Unseen, In_flight, Delayed, Dying int64
	}
}

func (d *door) depth(query string) (got depth) {
	d.t.Helper()
	d.into(d.do("GET", "/v1/queues/q"+query, ""), http.StatusOK, &got)
	return got
}

// TestDepth: how many messages are available, in flight, delayed and dead is told, also after a restart.
func TestDepth(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	d.problem(d.do("GET", "/v1/queues/q", ""), http.StatusNotFound)
	wants := func(what, query string, available, unseen, inFlight, delayed, dead int64) {
		t.Helper()
		got := d.depth(query)
		var parts [4]int64
		for _, p := range got.Partitions {
			parts[0], parts[1], parts[2], parts[3] = parts[0]+p.Available, parts[1]+p.Unseen, parts[2]+p.In_flight, parts[3]+p.Delayed
		}
		want := [4]int64{available, unseen, inFlight, delayed}
		if [4]int64{got.Available, got.Unseen, got.In_flight, got.Delayed} != want || parts != want || got.Dead_letters != dead || got.Dying != 0 {
			t.Errorf("%s: %+v, want %v and %d dead", what, got, want, dead)
		}
	}
	d.send("q", "a", "b", "c", "d", "e", "f")
	wants("nobody has received", "", 6, 6, 0, 0, 0)
	d.group("late", "share.auto.offset.reset", "latest")
	wants("a group that begins with what comes", "?group=late", 0, 0, 0, 0, 0)
	d.group("g", "errors.deadletterqueue.topic.name", "dlq.q")
	got := d.receive("q", "group=g&max=4")
	wants("four are held", "?group=g", 2, 0, 4, 0, 0)
	d.settle("q", "nack", object{"delay_ms": 3_600_000}, got[0])
	d.settle("q", "nack", object{"reject": true}, got[1])
	d.settle("q", "ack", nil, got[2])
	d.until("a dead letter", func() bool {
		at := d.depth("?group=g")
		return at.Dead_letters == 1 && at.Dying == 0
	})
	wants("one of each", "?group=g", 2, 0, 1, 1, 1)
	if r := d.post("q/messages", object{"value": "later", "delay_ms": 3_600_000}); r.status != http.StatusOK {
		t.Fatal(string(r.body))
	}
	wants("one more comes", "?group=g", 3, 1, 1, 1, 1)
	for _, m := range d.receive("q", "group=g&max=100") {
		d.settle("q", "ack", nil, m)
	}
	wants("it is found to be delayed", "?group=g", 0, 0, 1, 2, 1)
	d.shut()
	d = open(t, dir)
	if got := d.depth("?group=g"); got.Available+got.In_flight+got.Delayed != 3 || got.Dead_letters != 1 || got.Dead_letter_topic != "dlq.q" {
		t.Errorf("after a restart: %+v", got)
	}
	var out redriven
	d.into(d.post("q/dead-letters/redrive?group=g", object{"all": true}), http.StatusOK, &out)
	if got := d.depth("?group=g"); out.Redriven != 1 || got.Dead_letters != 0 {
		t.Errorf("after a redrive of %d: %+v", out.Redriven, got)
	}
}
