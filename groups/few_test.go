package groups

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A small map is a map.
func TestFew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f few[int, int]
		model := make(map[int]int)
		for n := range rapid.IntRange(0, 80).Draw(t, "steps") {
			key := rapid.IntRange(0, 2*fewMax).Draw(t, "key")
			if rapid.IntRange(0, 2).Draw(t, "kind") > 0 {
				f.put(key, n)
				model[key] = n
			} else {
				f.drop(key)
				delete(model, key)
			}
			value, found := f.get(key)
			want, has := model[key]
			if found != has || value != want || f.at(key) != want || f.len() != len(model) {
				t.Fatalf("got %d, %v of %d keys; want %d, %v of %d", value, found, f.len(), want, has, len(model))
			}
		}
		if !maps.Equal(maps.Collect(f.all()), model) || len(slices.Collect(f.keys())) != len(model) {
			t.Fatalf("has %v; want %v", maps.Collect(f.all()), model)
		}
	})
}
