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
		want    spread
	}{
		{[]float64{3, 1, 2}, spread{1, 2, 3}},
		{[]float64{4, 1, 2, 3}, spread{1, 2.5, 4}},
		{[]float64{7}, spread{7, 7, 7}},
		{nil, spread{}},
	} {
		if got := spreadOf(c.figures); got != c.want {
			t.Errorf("spreadOf(%v) = %v; want %v", c.figures, got, c.want)
		}
	}
}

func TestRatiosArePairByPair(t *testing.T) {
	a := []Measure{{Bytes: 10 << 20, Seconds: 1}, {Bytes: 10 << 20, Seconds: 2}}
	b := []Measure{{Bytes: 10 << 20, Seconds: 2}, {Bytes: 10 << 20, Seconds: 4}}
	got := ratios(a, b, Measure.MiBPerSecond)
	if len(got) != 2 || got[0] != 2 || got[1] != 2 {
		t.Fatalf("got %v; want [2 2]: each pair drifted alike", got)
	}
}

func TestReportNamesEveryTarget(t *testing.T) {
	var out strings.Builder
	targets := []Target{{Name: "weir"}, {Name: "kafka"}}
	all := []Measure{{Target: "weir", Records: 10, Bytes: 2e9, Seconds: 1, CPUSeconds: 1},
		{Target: "kafka", Records: 10, Bytes: 2e9, Seconds: 2, CPUSeconds: 4}}
	if err := Table(&out, targets, all); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"weir ", "kafka ", "weir / kafka", "2 (2-2)", "0.25 (0.25-0.25)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, out.String())
		}
	}
}

func TestUsageOfThisProcess(t *testing.T) {
	u, err := readUsage(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if u.nowMiB <= 0 || u.peakMiB < u.nowMiB-1 || math.IsNaN(u.cpuSeconds) {
		t.Fatalf("got %+v; want memory and CPU time of a living process", u)
	}
}

func TestPayloadHasTheWantedSize(t *testing.T) {
	for _, kind := range []string{"random", "flights"} {
		c := Default(Produce)
		c.Payload = kind
		values, err := payload(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			if len(v) != c.RecordBytes {
				t.Fatalf("%s: a value of %d bytes; want %d", kind, len(v), c.RecordBytes)
			}
		}
	}
}
