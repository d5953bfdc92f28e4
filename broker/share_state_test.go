package broker

import (
	"testing"
	"time"
)

// TestShareStateGoesWithTopic: what a group has settled of a topic is forgotten when the topic is deleted.
func TestShareStateGoesWithTopic(t *testing.T) {
	b := openDir(t, t.TempDir(), assignAtOnce)
	for _, name := range []string{"gone", "stays"} {
		topic(t, b, name, 1)
		setGroup(t, b, "workers", "share.auto.offset.reset=earliest")
		produceN(t, b, name, 0, "v", 3)
		c := member(t, b, "workers", name)
		if got := pollN(t, c, 3); len(got) != 3 {
			t.Fatalf("%d records of %s", len(got), name)
		}
		c.Close()
	}
	if keys, err := b.shares.Keys("").Result(); err != nil || len(keys) != 2 {
		t.Fatalf("states %v: %v", keys, err)
	}
	if _, err := admin(t, b).DeleteTopic(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	id := b.cluster.Image().Topic("stays").ID
	for deadline := time.Now().Add(patience); ; {
		keys, err := b.shares.Keys("").Result()
		if err == nil && len(keys) == 1 && keys[0].Topic == id {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("states %v: %v", keys, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
