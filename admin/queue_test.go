package admin_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
)

func TestSendReceiveAcknowledge(t *testing.T) {
	d := open(t, t.TempDir())
	var sent struct {
		Partition *int32
		Offset    *int64
	}
	d.into(d.post("orders/messages", object{"value": "first", "key": "k", "headers": object{"trace": "7"}}), http.StatusOK, &sent)
	if sent.Partition == nil || sent.Offset == nil || *sent.Offset != 0 {
		t.Fatalf("sent: %+v", sent)
	}
	m := d.one("orders", "")
	if m.text() != "first" || m.Key == nil || *m.Key != "k" || m.Headers["trace"] != "7" || m.Delivery_count != 1 ||
		m.Offset != 0 || m.Partition != *sent.Partition || m.Timestamp_ms == 0 {
		t.Errorf("received %+v", m)
	}
	d.none("orders", "")
	d.settle("orders", "ack", nil, m)
	d.problem(d.post("orders/extend", object{"receipt": "0.0.nobody.default"}), http.StatusConflict)
	d.none("orders", "")
	if m := d.one("orders", "group=other"); m.text() != "first" {
		t.Errorf("another group received %q", m.text())
	}
}

func TestBatches(t *testing.T) {
	d := open(t, t.TempDir(), "num.partitions=3")
	var want []string
	for i := range 100 {
		want = append(want, string(rune('a'+i%26))+"-"+string(rune('0'+i%10)))
	}
	d.send("batches", want[:50]...)
	d.send("batches", want[50:]...)
	var got []message
	for len(got) < 100 {
		more := d.receive("batches", "max=30&wait_ms=20000&group=g")
		if len(more) == 0 || len(more) > 30 {
			t.Fatalf("received %d messages", len(more))
		}
		got = append(got, more...)
	}
	d.settle("batches", "ack", nil, got...)
	have := texts(got)
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("received %v, want %v", have, want)
	}
	d.none("batches", "group=g")
}

// TestManySendFirst: whoever sends to a topic while another makes it is served as if it had been there.
func TestManySendFirst(t *testing.T) {
	d := open(t, t.TempDir())
	for n := range 150 {
		var all sync.WaitGroup
		for range 24 {
			all.Go(func() {
				if r := d.post(fmt.Sprintf("first-%d/messages", n), object{"value": "a"}); r.status != http.StatusOK {
					t.Errorf("topic %d: %d: %s", n, r.status, r.body)
				}
			})
		}
		all.Wait()
	}
}
