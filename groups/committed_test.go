package groups

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// What is committed is as a map would have it, and in order.
func TestCommitted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c committed
		model := make(map[place]offset)
		for n := range rapid.IntRange(0, 60).Draw(t, "steps") {
			p := place{fmt.Sprint("t", rapid.IntRange(0, 4).Draw(t, "topic")), int32(rapid.IntRange(0, 9).Draw(t, "partition"))}
			want, has := model[p]
			if got, had := c.get(p.topic, p.partition); had != has || got != want {
				t.Fatalf("got %+v, %v; want %+v, %v", got, had, want, has)
			}
			var old offset
			var had bool
			if rapid.Bool().Draw(t, "put") {
				o := offset{partition: p.partition, offset: int64(n)}
				old, had = c.put(p.topic, o)
				model[p] = o
			} else {
				old, had = c.drop(p.topic, p.partition)
				delete(model, p)
			}
			if had != has || old != want {
				t.Fatalf("was %+v, %v; want %+v, %v", old, had, want, has)
			}
		}
		all := c.places(func(topic string, o offset) bool { return model[place{topic, o.partition}] == o })
		if len(all) != len(model) || !slices.IsSortedFunc(all, func(a, b place) int {
			if a.topic == b.topic {
				return int(a.partition - b.partition)
			}
			return map[bool]int{true: -1, false: 1}[a.topic < b.topic]
		}) {
			t.Fatalf("places %v; want the sorted of %v", all, slices.Collect(maps.Keys(model)))
		}
	})
}
