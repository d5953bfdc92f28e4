package broker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestDedup: messages that a producer sends twice, in one life of the broker or in two, are there once, and both sendings are told
// the offset of the one, be the producer idempotent or not.
func TestDedup(t *testing.T) {
	dir := t.TempDir()
	b := openDir(t, dir)
	topic(t, b, "jobs", 1, "weir.dedup.window.ms=600000")
	send := func(b *Broker, ids string, options ...kgo.Opt) string {
		t.Helper()
		c := client(t, b, options...)
		var out []string
		for id := range strings.FieldsSeq(ids) {
			r := &kgo.Record{Topic: "jobs", Value: []byte(id), Headers: []kgo.RecordHeader{{Key: "weir.message.id", Value: []byte(id)}}}
			if err := c.ProduceSync(limit(t), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprint(r.Offset))
		}
		return strings.Join(out, " ")
	}
	plain := []kgo.Opt{kgo.DisableIdempotentWrite()}
	if got := send(b, "a b a c", plain...); got != "0 1 0 2" {
		t.Errorf("a producer without a number: %s", got)
	}
	if got := send(b, "c d c e", kgo.ProducerBatchCompression(kgo.ZstdCompression())); got != "2 4 2 6" {
		t.Errorf("an idempotent producer: %s", got)
	}
	shut(t, b)
	b = openDir(t, dir)
	if got := send(b, "e a f", plain...); got != "6 0 7" {
		t.Errorf("after a restart: %s", got)
	}
	var got []string
	for _, r := range consumeN(t, b, "jobs", 6) {
		got = append(got, fmt.Sprintf("%d:%s", r.Offset, r.Value))
	}
	if all := strings.Join(got, " "); all != "0:a 1:b 2:c 4:d 6:e 7:f" {
		t.Errorf("the topic has %s", all)
	}
}
