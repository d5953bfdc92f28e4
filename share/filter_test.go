package share

import (
	"testing"
	"time"

	"weir/filter"
)

// filtering has the group want some records only.
func (r *rig) filtering(text string) {
	r.Helper()
	f, err := filter.Compile(text)
	must(r, err)
	r.settings.Filter = f
}

// TestFilters: a group gets what its filter wants, and is done with the rest.
func TestFilters(t *testing.T) {
	r := newRig(t)
	r.filtering("pattern:orders.*.eu.#")
	r.produce("weir.routing.key:orders.new.us;a", "weir.routing.key:orders.new.eu;b", "c",
		"weir.routing.key:orders.old.eu.de;d", "weir.routing.key:orders.new.eu;e", "weir.routing.key:users;f")
	want(t, "what matches", r.fetch("one", 10), "1-1*1 3-4*1")
	must(t, r.ack("one", 1, 1, Accept))
	want(t, "the rest is settled", r.offsets().Start, 3)
	r.crash(0)
	want(t, "what is not settled", r.fetch("two", 10), "3-4*1")
	must(t, r.ack("two", 3, 4, Accept))
	want(t, "all is", r.offsets().Start, 6)

	r.filtering(`key == "eu" && int(headers.amount) > 10`)
	r.produce("amount:9;eu=a", "amount:11;eu=b", "amount:12;us=c", "amount:none;eu=d", "eu=e", "amount:12;eu=f")
	want(t, "what the expression wants", r.fetch("one", 10), "7-7*1 11-11*1")
}

// TestFilterSeesOneTopicDifferently: each group has a filter of its own, also of keys in order and late records.
func TestFilterSeesOneTopicDifferently(t *testing.T) {
	r := newRig(t)
	r.produce("a=1", "weir.deliver.after:1000;b=2", "a=3", "b=4")
	r.settings.Order = ByKey
	r.filtering(`key == "b"`)
	want(t, "b of one group waits for the late one", r.fetch("one", 10), "")
	r.advance(time.Second)
	want(t, "the late one", r.fetch("one", 10), "1-1*1")
	must(t, r.ack("one", 1, 1, Accept))
	want(t, "the other one", r.fetch("one", 10), "3-3*1")
	for _, g := range r.s.Fetch(nil, FetchRequest{Group: "other", Member: "m", Settings: testSettings(), MaxRecords: 10, BatchSize: 10,
		MaxBytes: 1 << 20, Partitions: r.waiting("").Partitions}) {
		want(t, "all of another group", g.Acquired, []Acquired{{0, 3, 1}})
	}
}

// TestFilterKeepsDeadLetters: what was rejected gets its dead letter, though the filter has become another.
func TestFilterKeepsDeadLetters(t *testing.T) {
	r := newRig(t)
	r.settings.DeadLetters, r.settings.CopyRecord = "dlq.t", true
	r.letters.Configs[takesLetters] = "false"
	r.produce("a=1", "b=2")
	want(t, "first", r.fetch("one", 10), "0-1*1")
	must(t, r.ack("one", 0, 1, Reject))
	r.crash(0)
	r.filtering(`key == "b"`)
	want(t, "nothing is left", r.fetch("one", 10), "")
	want(t, "start", r.offsets().Start, 0)
	want(t, "letters", r.dead(), []string{})
	r.crash(0)
	r.allowLetters()
	r.awaitStart(2)
	want(t, "letters", r.dead(), []string{"0 1", "1 2"})
}

// allowLetters makes the topic for dead letters one, and has the next try be made.
func (r *rig) allowLetters() {
	draft := r.image.Edit()
	topic := *r.letters
	topic.Configs = map[string]string{takesLetters: "true"}
	draft.PutTopic(&topic)
	r.image = draft.Done()
	r.s.SetImage(r.image)
	r.clk.Advance(retryLetters)
}
