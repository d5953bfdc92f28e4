package share

import (
	"testing"

	"pgregory.net/rapid"
)

// TestRedriven compares what is done with a set, through the form in which it is kept.
func TestRedriven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, set := Redriven{Next: 3}, map[int64]bool{0: true, 1: true, 2: true}
		for range rapid.IntRange(0, 20).Draw(t, "steps") {
			first := rapid.Int64Range(0, 40).Draw(t, "first")
			last := first + rapid.Int64Range(0, 4).Draw(t, "more")
			p.Add(first, last)
			for o := first; o <= last; o++ {
				set[o] = true
			}
			text, err := p.Text()
			if err != nil {
				t.Fatal(err)
			}
			if p, err = ParseRedriven(p.Next, text); err != nil {
				t.Fatal(err)
			}
		}
		count := int64(0)
		for o := int64(0); o < 50; o++ {
			if p.Has(o) != set[o] {
				t.Fatalf("offset %d: %v in %+v", o, p.Has(o), p)
			}
			if o >= 5 && o <= 30 && set[o] {
				count++
			}
		}
		if got := p.Count(5, 30); got != count {
			t.Fatalf("%d of 5 to 30 are done in %+v; want %d", got, p, count)
		}
		if p.Has(p.Next) {
			t.Fatalf("%d is done and next in %+v", p.Next, p)
		}
	})
}

func TestRedrivenRefuse(t *testing.T) {
	for _, text := range []string{"a", "5-3", "1,", "-4", "7-"} {
		if p, err := ParseRedriven(0, text); err == nil {
			t.Errorf("%q: %+v", text, p)
		}
	}
}
