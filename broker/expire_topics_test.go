package broker

import (
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestIdleTopicsExpire: a topic that nobody uses goes, and not while somebody waits for what may come.
func TestIdleTopicsExpire(t *testing.T) {
	b := openDir(t, t.TempDir())
	topic(t, b, "replies", 2, "weir.topic.idle.expire.ms=1500")
	topic(t, b, "lasting", 1)
	waits := client(t, b, kgo.ConsumeTopics("replies"), kgo.FetchMaxWait(100*time.Millisecond))
	polled := make(chan kgo.Fetches)
	go func() { polled <- waits.PollFetches(limit(t)) }()
	names := func() []string {
		topics, err := admin(t, b).ListTopics(limit(t))
		if err != nil {
			t.Fatal(err)
		}
		return topics.Names()
	}
	time.Sleep(3 * time.Second) // twice as long as it takes to expire: what must not happen cannot be awaited
	if got := names(); !slices.Equal(got, []string{"lasting", "replies"}) {
		t.Fatalf("while somebody waits there are %v", got)
	}
	produceN(t, b, "replies", 0, "reply", 1)
	if f := <-polled; f.NumRecords() != 1 {
		t.Fatalf("who waits has %d records: %v", f.NumRecords(), f.Err())
	}
	waits.Close()
	for ctx := limit(t); slices.Contains(names(), "replies"); {
		select {
		case <-ctx.Done():
			t.Fatal("it is still there")
		case <-time.After(100 * time.Millisecond):
		}
	}
	if got := names(); !slices.Equal(got, []string{"lasting"}) {
		t.Errorf("in the end there are %v", got)
	}
}
