package groups

import (
	"testing"
	"time"

	"weir/metadata"
)

// TestWhoWaitsComesSooner shows that a member that waits for a partition which another has yet to give up is told to come
// soon, and as often as the others once it has it; without the setting it never is.
func TestWhoWaitsComesSooner(t *testing.T) {
	for _, c := range []struct{ hurried, waiting int32 }{{500, 500}, {0, 5000}} {
		r := newRig(t, Config{Consumer: ConsumerConfig{HurriedIntervalMs: c.hurried}})
		d := metadata.Empty().Edit()
		topic := &metadata.Topic{ID: metadata.NewTopicID(), Name: "t", Partitions: make([]metadata.Partition, 2)}
		d.PutTopic(topic)
		r.SetImage(d.Done())
		beat := func(member string, epoch int32, owned ...metadata.PartitionID) ConsumerHeartbeatResponse {
			t.Helper()
			q := ConsumerHeartbeatRequest{GroupID: "g", MemberID: member, Epoch: epoch, RebalanceTimeoutMs: 60_000,
				Topics: []string{"t"}, Owned: append([]metadata.PartitionID{}, owned...)}
			a, err := r.ConsumerHeartbeat(q).Result()
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		first := beat("a", 0)
		if first.HeartbeatIntervalMs != 5000 || len(first.Assignment) != 2 {
			t.Fatalf("a member alone: %+v", first)
		}
		r.tick(2 * time.Second)
		second := beat("b", 0)
		if second.HeartbeatIntervalMs != c.waiting || len(second.Assignment) != 0 {
			t.Fatalf("a member that waits: %+v; want interval %d", second, c.waiting)
		}
		told := beat("a", first.Epoch, first.Assignment...)
		if told.HeartbeatIntervalMs != 5000 || len(told.Assignment) != 1 {
			t.Fatalf("a member that is to give up one: %+v", told)
		}
		beat("a", first.Epoch, told.Assignment...)
		if got := beat("b", second.Epoch); got.HeartbeatIntervalMs != 5000 || len(got.Assignment) != 1 {
			t.Fatalf("a member that waits no longer: %+v", got)
		}
	}
}
