package share

import (
	"fmt"
	"strings"
	"testing"

	"weir/metadata"
	"weir/record"
)

// TestLetters: a letter is read whatever else its record has, also that of another letter, and what is sent again has none of it.
func TestLetters(t *testing.T) {
	d := newRig(t).s.digger
	b := burial{key: Key{group, metadata.PartitionID{Topic: d.image.Load().Topic("dlq.t").ID, Index: 2}}, count: 3, cause: Rejected}
	old := d.headers(&burial{key: Key{"other", metadata.PartitionID{Topic: d.image.Load().Topic("t").ID, Index: 1}}, count: 9, cause: Exhausted}, 5)
	old = append(old, record.RecordHeader{Key: HeaderRedrives, Value: []byte("2")}, record.RecordHeader{Key: "a", Value: []byte("b")},
		record.RecordHeader{Key: HeaderDeliverAfter, Value: []byte("1000")}, record.RecordHeader{Key: HeaderTTL, Value: []byte("1")})
	headers := append(d.headers(&b, 7), old...)
	l, ok := ReadLetter(headers)
	want(t, "letter", l, Letter{"dlq.t", 2, 7, group, 3, messages[Rejected], 2})
	want(t, "it is one", ok, true)
	at, ok := letterOf(&record.Record{Headers: headers}, b.key, "dlq.t")
	want(t, "it is that of offset 7", []any{at, ok}, []any{7, true})
	if _, ok := letterOf(&record.Record{Headers: headers}, Key{"other", b.key.PartitionID}, "dlq.t"); ok {
		t.Error("it is taken for another group's")
	}
	if _, ok := ReadLetter(old[1:]); ok {
		t.Error("what does not name its topic is taken for a letter")
	}
	sent := ""
	for _, h := range RedriveHeaders(headers, l.Redrives, "p") {
		sent += h.Key + "=" + string(h.Value) + " "
	}
	want(t, "sent again", sent, "a=b weir.ttl=1 weir.redrive.count=3 weir.message.id=redrive:p ")
}

// TestLettersAreDelivered: what was said of a record's delivery is not said of its letter.
func TestLettersAreDelivered(t *testing.T) {
	r := newRig(t)
	r.produce(DeadTopic+":x;weir.deliver.after:5000;weir.ttl:1;late", "weir.deliver.after:5000;later")
	want(t, "the letter", r.fetch("one", 10), "0-0*1")
}

// TestManyLetters: ten thousand records that are no neighbours are rejected at once, whatever the name of the topic for dead letters,
// and each has one letter, also after a power cut.
func TestManyLetters(t *testing.T) {
	const records = 20_000
	r := newRig(t)
	topic := *r.letters
	topic.Name = "dlq." + strings.Repeat("x", 245)
	draft := r.image.Edit()
	draft.PutTopic(&topic)
	r.image = draft.Done()
	r.s.SetImage(r.image)
	r.settings.DeadLetters, r.settings.CopyRecord, r.settings.MaxLocks = topic.Name, true, records
	for n := 0; n < records; n += 1000 {
		batch := make([]string, 1000)
		for i := range batch {
			batch[i] = fmt.Sprint("v", n+i)
		}
		r.produce(batch...)
	}
	for got := r.fetch("one", records); got != ""; {
		got = r.fetch("one", records)
	}
	every := func(from int64, settled AckType) (all []AckBatch) {
		for o := from; o < records; o += 2 {
			all = append(all, AckBatch{First: o, Last: o, Types: []AckType{settled}, DelayMs: -1})
		}
		return all
	}
	must(t, r.ackWith("one", every(0, Reject)...))
	r.crash(50)
	for r.fetch("two", records) != "" {
	}
	must(t, r.ackWith("two", every(1, Accept)...))
	r.awaitStart(records)
	letters := map[string]int{}
	for _, l := range r.dead() {
		letters[l]++
	}
	for o := 0; o < records; o += 2 {
		want(t, "letters of one record", letters[fmt.Sprintf("%d v%d", o, o)], 1)
	}
	want(t, "letters", len(letters), records/2)
}
