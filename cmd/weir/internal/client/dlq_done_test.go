package client

import (
	"testing"

	"pgregory.net/rapid"
)

// TestDoneOffsets compares what is done with a set, through the form in which it is kept.
func TestDoneOffsets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, set := doneOffsets{next: 3}, map[int64]bool{0: true, 1: true, 2: true}
		for range rapid.IntRange(0, 20).Draw(t, "steps") {
			first := rapid.Int64Range(0, 40).Draw(t, "first")
			last := first + rapid.Int64Range(0, 4).Draw(t, "more")
			p.add(first, last)
			for o := first; o <= last; o++ {
				set[o] = true
			}
			text, err := p.text()
			if err != nil {
				t.Fatal(err)
			}
			if p, err = parseDone(p.next, text); err != nil {
				t.Fatal(err)
			}
		}
		count := int64(0)
		for o := int64(0); o < 50; o++ {
			if p.has(o) != set[o] {
				t.Fatalf("offset %d: %v in %+v", o, p.has(o), p)
			}
			if o >= 5 && o <= 30 && set[o] {
				count++
			}
		}
		if got := p.count(5, 30); got != count {
			t.Fatalf("%d of 5 to 30 are done in %+v; want %d", got, p, count)
		}
		if p.has(p.next) {
			t.Fatalf("%d is done and next in %+v", p.next, p)
		}
	})
}

func TestDoneOffsetsRefuse(t *testing.T) {
	for _, text := range []string{"a", "5-3", "1,", "-4", "7-"} {
		if p, err := parseDone(0, text); err == nil {
			t.Errorf("%q: %+v", text, p)
		}
	}
}
