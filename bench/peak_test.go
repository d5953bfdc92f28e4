package bench

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// slow is a fake that takes a record in so long.
func slow(d time.Duration) *fake {
	f := newFake()
	f.onSend = func(int) { time.Sleep(d) }
	return f
}

func atHalfOfThePeak() Config {
	c := tiny(EndToEnd)
	c.Rate, c.PeakShare, c.Duration = 0, 0.5, 4*time.Second
	return c
}

func figureOf(t *testing.T, m Result, name string) float64 {
	t.Helper()
	for _, f := range m.Figures {
		if f.Name == name {
			return f.Value
		}
	}
	t.Fatalf("%s, run %d has no figure %s: %+v", m.Target, m.Run, name, m.Figures)
	return 0
}

// TestRateIsAShareOfTheLowestPeak: of a broker that takes 1,000 records a second and one that takes 400, both get half of 400.
func TestRateIsAShareOfTheLowestPeak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var searched, measured int
		r, err := onFake(t.Context(), atHalfOfThePeak(), map[string]Driver{"a": slow(time.Millisecond), "b": slow(2500 * time.Microsecond)},
			func(p Progress) {
				switch {
				case p.Done == nil:
				case p.Peak:
					searched++
				default:
					measured++
				}
			})
		if err != nil {
			t.Fatal(err)
		}
		p := r.Peak
		if p == nil || p.Lowest != "b" || len(p.Targets) != 2 || p.Rate < 195 || p.Rate > 201 {
			t.Fatalf("got the peak %+v; want a rate of 200, half of what b does", p)
		}
		if a := p.Targets[0]; a.Target != "a" || len(a.Runs) != peakRuns || a.Peak < 980 || a.Peak > 1001 {
			t.Errorf("got the peak of a as %+v; want 1000 a second of %d runs", a, peakRuns)
		}
		if len(r.Results) != 2 {
			t.Fatalf("got %d results; want one of each, the search not counted", len(r.Results))
		}
		for _, m := range r.Results {
			if got := float64(m.Records) / 4; got < p.Rate-1 || got > p.Rate+1 {
				t.Errorf("%s got %.0f records a second; want %.0f", m.Target, got, p.Rate)
			}
			if m.EndToEnd == nil || m.EndToEnd.Count != m.Records {
				t.Errorf("%s: %+v; want the time of every record", m.Target, m.EndToEnd)
			}
			if rate := figureOf(t, m, "rate"); rate != p.Rate {
				t.Errorf("%s says the rate is %g; want %g", m.Target, rate, p.Rate)
			}
		}
		if got := figureOf(t, r.Of("b")[0], "peak"); got != p.Targets[1].Peak {
			t.Errorf("b says its peak is %g; want %g", got, p.Targets[1].Peak)
		}
		if want := 2 * (1 + peakRuns); searched != want || measured != 2 {
			t.Errorf("told of %d runs of the search and %d others; want %d and 2", searched, measured, want)
		}
		if text := p.String(); !strings.Contains(text, "50% of the lowest peak, that of b, for all") {
			t.Errorf("it says %q", text)
		}
	})
}

// TestAStallAtAShareOfThePeakShows: the loop is open there, too.
func TestAStallAtAShareOfThePeakShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		sends := 0
		f.onSend = func(int) {
			time.Sleep(time.Millisecond)
			if sends++; sends == 2000*(1+peakRuns)+1000 {
				time.Sleep(time.Second)
			}
		}
		r, err := onFake(t.Context(), atHalfOfThePeak(), map[string]Driver{"a": f}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if l := r.Results[0].EndToEnd; l.P50 > 600_000 || l.Max < 990_000 {
			t.Errorf("got %+v; want the second in which the broker stood still", l)
		}
		if !strings.Contains(r.Peak.String(), "50% of its peak") {
			t.Errorf("it says %q", r.Peak)
		}
	})
}

// TestWhoHasNoPeakIsNotMeasured: the others are, at a rate that comes from theirs.
func TestWhoHasNoPeakIsNotMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := slow(10 * time.Millisecond)
		bad.answer = func(n int) error {
			if n > 500 {
				return errors.New("disk full")
			}
			return nil
		}
		r, err := onFake(t.Context(), atHalfOfThePeak(), map[string]Driver{"a": slow(time.Millisecond), "b": bad}, nil)
		if err == nil || !strings.Contains(err.Error(), "measure the peak of latency on b") || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("got %v; want why b has no peak", err)
		}
		if r.Peak == nil || r.Peak.Lowest != "a" || len(r.Peak.Targets) != 1 {
			t.Fatalf("got the peak %+v; want that of a alone", r.Peak)
		}
		if b := r.Of("b"); len(b) != 1 || b[0].Error == "" || len(r.Of("a")) != 1 || r.Of("a")[0].Error != "" {
			t.Errorf("got %+v; want the figures of a and the reason of b", r.Results)
		}
		r, err = onFake(t.Context(), atHalfOfThePeak(), map[string]Driver{"b": bad}, nil)
		if err == nil || r.Peak != nil || len(r.Results) != 1 {
			t.Errorf("got %v, %+v; want no peak, and why", err, r)
		}
	})
}

func TestRatesAreNumbersOrShares(t *testing.T) {
	for word, want := range map[string][2]float64{"5000": {5000, 0}, "1e5": {1e5, 0}, "50%": {0, 0.5}, " 12.5 % ": {0, 0.125}, "100%": {0, 1}} {
		rate, share, err := ParseRate(word)
		if err != nil || [2]float64{rate, share} != want {
			t.Errorf("%q: got %g, %g, %v; want %v", word, rate, share, err, want)
		}
		if a, b, err := ParseRate(FormatRate(rate, share)); err != nil || a != rate || b != share {
			t.Errorf("%q came back as %g, %g, %v", word, a, b, err)
		}
	}
	for _, word := range []string{"", "half", "0%", "-5%", "101%", "NaN%", "%"} {
		if _, _, err := ParseRate(word); err == nil {
			t.Errorf("%q: no error", word)
		}
	}
	for text, want := range map[string][2]float64{`{"rate": "50%"}`: {0, 0.5}, `{"rate": 100}`: {100, 0}, `{}`: {5000, 0}} {
		c := Default(EndToEnd)
		if err := json.Unmarshal([]byte(text), &c); err != nil || [2]float64{c.Rate, c.PeakShare} != want {
			t.Errorf("%s: got %g, %g, %v; want %v", text, c.Rate, c.PeakShare, err, want)
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var back Config
		if err := json.Unmarshal(again, &back); err != nil || !reflect.DeepEqual(c, back) {
			t.Errorf("%s came back as %s: %v", text, again, err)
		}
	}
}
