package bench

import (
	"math"
	"os"
	"strings"
	"testing"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		figures []float64
		want    Spread
	}{
		{[]float64{3, 1, 2}, Spread{1, 2, 3}},
		{[]float64{4, 1, 2, 3}, Spread{1, 2.5, 4}},
		{[]float64{7}, Spread{7, 7, 7}},
		{nil, Spread{}},
	} {
		if got := SpreadOf(c.figures); got != c.want {
			t.Errorf("SpreadOf(%v) = %v; want %v", c.figures, got, c.want)
		}
	}
}

func TestSpreadIsReadable(t *testing.T) {
	for want, s := range map[string]Spread{"2": {2, 2, 2}, "63438 (999.9-1234567)": {999.9, 63438.4, 1234567}, "0.25 (0.1235-0.5)": {0.123456, 0.25, 0.5}} {
		if got := s.String(); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

func TestRatiosArePairByPair(t *testing.T) {
	a := []Result{{Bytes: 10 << 20, Seconds: 1}, {Bytes: 10 << 20, Seconds: 2}, {Bytes: 1, Seconds: 1, Error: "failed"}}
	b := []Result{{Bytes: 10 << 20, Seconds: 2}, {Bytes: 10 << 20, Seconds: 4}, {Bytes: 1, Seconds: 1}}
	got := Columns(a)[0].Ratios(a, b)
	if len(got) != 2 || got[0] != 2 || got[1] != 2 {
		t.Fatalf("got %v; want [2 2]: each pair drifted alike, and the third is no pair", got)
	}
}

func TestTableNamesEveryTarget(t *testing.T) {
	var out strings.Builder
	r := &Report{Config: Default(Produce), Targets: []Target{{Name: "weir"}, {Name: "kafka"}}, Results: []Result{
		{Target: "weir", Records: 10, Bytes: 2e9, Seconds: 1, Broker: &Usage{UserSeconds: 1}},
		{Target: "kafka", Records: 10, Bytes: 2e9, Seconds: 2, Broker: &Usage{UserSeconds: 3, SystemSeconds: 1}},
		{Target: "kafka", Run: 2, Error: "it went away"}}}
	if err := r.Table(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"weir ", "kafka ", "weir / kafka", " 2\n", " 0.25\n", "kafka, run 2, failed: it went away"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}

func TestUsageOfThisProcess(t *testing.T) {
	u, err := readUsage(os.Getpid(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if u.rss <= 0 || u.peak < u.rss-1<<20 || math.IsNaN(u.user+u.system) {
		t.Fatalf("got %+v; want memory and CPU time of a living process", u)
	}
}
