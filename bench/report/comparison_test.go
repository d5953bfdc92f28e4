package report

import (
	"strings"
	"testing"

	"weir/bench"
)

func TestComparisonHasARowABroker(t *testing.T) {
	r := &bench.Report{Config: bench.Default(bench.Produce), Targets: []bench.Target{{Name: "weir"}, {Name: "kafka"}, {Name: "redis"}}}
	for _, m := range []bench.Result{
		{Target: "weir", Run: 1, Bytes: 10 << 20, Seconds: 1}, {Target: "kafka", Run: 1, Bytes: 10 << 20, Seconds: 2},
		{Target: "weir", Run: 2, Bytes: 10 << 20, Seconds: 2}, {Target: "kafka", Run: 2, Bytes: 10 << 20, Seconds: 4},
		{Target: "redis", Run: 1, Error: "workload churn is not driven in this broker's protocol"},
	} {
		m.Workload = bench.Produce
		r.Results = append(r.Results, m)
	}
	var out strings.Builder
	if err := WriteComparison(&out, r); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for n, want := range []string{"throughput, MiB/s", "weir", "kafka", "redis", "", "ratio", "weir / kafka", "weir / redis", "redis: workload churn is not driven"} {
		if n >= len(lines) || !strings.Contains(lines[n], want) {
			t.Fatalf("line %d lacks %q:\n%s", n+1, want, out.String())
		}
	}
	if got := strings.Fields(lines[3]); len(got) != 2 || got[1] != none {
		t.Errorf("%q; want a dash where a broker has no figure", lines[3])
	}
	if !strings.Contains(lines[6], "2 (2-2)") && !strings.Contains(lines[6], "2.00 (2.00-2.00)") {
		t.Errorf("%q; want the ratio 2 of each pair", lines[6])
	}
}

func TestComparisonOfNothing(t *testing.T) {
	var out strings.Builder
	if err := WriteComparison(&out, &bench.Report{Config: bench.Default(bench.Produce)}); err != nil || out.Len() > 0 {
		t.Errorf("got %q, %v; want nothing", out.String(), err)
	}
}
