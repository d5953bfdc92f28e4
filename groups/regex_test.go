package groups

import (
	"fmt"
	"strings"
	"testing"

	"weir/metadata"
)

// An expression that would keep a backtracking matcher busy for ever is resolved over ten thousand topics (B40).
func TestRegexIsLinear(t *testing.T) {
	d := metadata.Empty().Edit()
	for i := range 10_000 {
		d.PutTopic(&metadata.Topic{ID: metadata.NewTopicID(), Name: fmt.Sprint(strings.Repeat("a", 60), "-", i),
			Partitions: make([]metadata.Partition, 1)})
	}
	image := d.Done()
	if found := resolve("(a+)+$", image, 0); len(found.topics) != 0 {
		t.Errorf("found %d topics; want none", len(found.topics))
	}
	if found := resolve("(a+)+-[0-9]+", image, 0); len(found.topics) != 10_000 {
		t.Errorf("found %d topics; want all", len(found.topics))
	}
}

// One member of a thousand leaves: what it had is moved, and nothing else.
func TestOneLeavesOfAThousand(t *testing.T) {
	const members, topics = 1000, 10
	d := metadata.Empty().Edit()
	c := newConsumer()
	var names []string
	for i := range topics {
		tp := &metadata.Topic{ID: metadata.NewTopicID(), Name: fmt.Sprint("t", i), Partitions: make([]metadata.Partition, 1000)}
		d.PutTopic(tp)
		names = append(names, tp.Name)
	}
	image := d.Done()
	for i := range members {
		m := newConsumerMember(fmt.Sprintf("m%04d", i))
		m.topics = names
		c.put(m.id, m)
	}
	before := c.share(image, AssignorUniform)
	for id, list := range before {
		c.target.put(id, list)
	}
	c.put("m0500", nil)
	c.target.drop("m0500")
	moved := 0
	for id, list := range c.share(image, AssignorUniform) {
		had := make(map[metadata.PartitionID]bool)
		for _, p := range before[id] {
			had[p] = true
		}
		for _, p := range list {
			if !had[p] {
				moved++
			}
			delete(had, p)
		}
		if len(had) > 0 {
			t.Errorf("member %s loses %d partitions", id, len(had))
		}
	}
	if want := len(before["m0500"]); moved != want {
		t.Errorf("%d partitions moved; want the %d of the member that left", moved, want)
	}
}
