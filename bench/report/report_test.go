package report

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"weir/bench"
)

// example is a comparison of two workloads on three targets, one of which failed once.
func example(t testing.TB) *Document {
	t.Helper()
	targets := []bench.Target{
		{Name: "weir", Kind: "kafka", Settings: map[string]string{"sync before the answer": "yes"}},
		{Name: `k<a>&"fka"`, Kind: "kafka", Settings: map[string]string{"sync before the answer": "no"}},
		{Name: "limit", Kind: "limit"}}
	d := &Document{Command: "weir bench produce -t 'a=<b>'", Program: "weir test"}
	for _, w := range []bench.Workload{bench.Produce, bench.EndToEnd} {
		r := bench.Report{Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Seconds: 9, Config: bench.Default(w), Targets: targets,
			Machine: bench.Machine{CPUs: 2, CPU: "a CPU", OS: "linux", MemoryBytes: 8 << 30}}
		for run := range 3 {
			for i, target := range targets {
				r.Results = append(r.Results, result(t, w, target.Name, run+1, float64(i+1)))
			}
		}
		r.Results = append(r.Results, bench.Result{Target: "limit", Run: 4, Workload: w, Error: "lost <3> records"})
		d.Reports = append(d.Reports, r)
	}
	return d
}

func result(t testing.TB, w bench.Workload, target string, run int, slow float64) bench.Result {
	t.Helper()
	m := bench.Result{Target: target, Run: run, Workload: w, Records: 100_000, Bytes: 100_000 << 10, Seconds: slow + float64(run)/10,
		Broker: &bench.Usage{UserSeconds: slow / 4, SystemSeconds: slow / 2, RSSBytes: 40 << 20, PeakRSSBytes: int64(50*slow) << 20},
		Notes:  []string{"the page cache was emptied"}, ClientCPUSeconds: 1,
		Figures: []bench.Figure{{Name: "created in", Unit: "s", Value: slow, Better: "less"}}}
	h := hdrhistogram.New(1, 1e9, 3)
	for i := range 10_000 {
		_ = h.RecordValue(int64(slow*200 + math.Pow(float64(i)/1000, 4)))
	}
	text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	m.Ack = &bench.Latency{Count: 10_000, P50: h.ValueAtQuantile(50), P95: h.ValueAtQuantile(95), P99: h.ValueAtQuantile(99),
		P999: h.ValueAtQuantile(99.9), Max: h.Max(), HDR: string(text)}
	for i := range 40 {
		m.Series = append(m.Series, bench.Sample{At: float64(i+1) / 10, Records: 1000, Bytes: int64(float64(i%7+90)*1e6/slow) / 10,
			CPUSeconds: slow / 50, RSSBytes: int64(30+i) << 20})
	}
	return m
}

func pageOf(t *testing.T, d *Document) string {
	t.Helper()
	var b strings.Builder
	if err := d.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// checkXML refuses a page that is not well formed, loads anything, or shows what is no number.
func checkXML(t *testing.T, text string) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(text))
	dec.Strict = true
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well formed: %v", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "script", "link", "img", "iframe", "object":
			t.Errorf("the page has an element %s", start.Name.Local)
		}
		for _, a := range start.Attr {
			if (a.Name.Local == "href" || a.Name.Local == "src") && !strings.HasPrefix(a.Value, "#") {
				t.Errorf("the page points at %q", a.Value)
			}
			if start.Name.Local == "svg" && a.Name.Local == "aria-label" && a.Value == "" {
				t.Error("a plot without words")
			}
		}
	}
	if bad := regexp.MustCompile(`\b(NaN|Inf)\b|url\(|@import|https?://|ZgotmplZ`).FindString(text); bad != "" {
		t.Errorf("the page has %q", bad)
	}
}

func TestPageShowsEverything(t *testing.T) {
	text := pageOf(t, example(t))
	checkXML(t, text)
	for _, want := range []string{"produce", "latency", "weir", "k&lt;a&gt;&amp;&#34;fka&#34;", "limit", "throughput over time",
		"broker CPU over time", "broker memory over time", "time until a record was acknowledged", "p99.9", "sync before the answer",
		"lost &lt;3&gt; records", "the page cache was emptied", "2 × a CPU", "8.00 GiB", "weir bench produce -t", "created in",
		"better</span>", "prefers-color-scheme: dark", "@media print"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if n := strings.Count(text, "<svg"); n < 14 {
		t.Errorf("the page has %d plots; want at least 14", n)
	}
}

// TestExtremes: whatever there is or is not, pages are well formed and show no NaN.
// TestTheRateOfALatencyIsExplained: where the rate came from stands in every form of a report.
func TestTheRateOfALatencyIsExplained(t *testing.T) {
	r := bench.Report{Config: bench.Default(bench.EndToEnd), Targets: []bench.Target{{Name: "weir"}, {Name: "kafka"}},
		Peak: &bench.Peak{Share: 0.5, Lowest: "kafka", Rate: 40_000, Targets: []bench.TargetPeak{{Target: "weir", Peak: 120_000,
			Runs: []float64{110_000, 120_000, 130_000}}, {Target: "kafka", Peak: 80_000, Runs: []float64{80_000}}}}}
	r.Config.Rate, r.Config.PeakShare = 0, 0.5
	for _, target := range r.Targets {
		m := result(t, bench.EndToEnd, target.Name, 1, 1)
		m.Figures = []bench.Figure{{Name: "rate", Unit: "records/s", Value: 40_000}}
		r.Results = append(r.Results, m)
	}
	d := &Document{Reports: []bench.Report{r}}
	const sentence = "rate: 40000 records/s, 50% of the lowest peak, that of kafka, for all; peaks in a closed loop, records/s: " +
		"weir 120000 (110000-130000), kafka 80000 (80000-80000)"
	var table, comparison, csv, saved strings.Builder
	if err := errors.Join(d.WriteTable(&table), WriteComparison(&comparison, &r), d.WriteCSV(&csv), d.WriteJSON(&saved)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"table": table.String(), "comparison": comparison.String(), "page": pageOf(t, d)} {
		if !strings.Contains(text, sentence) {
			t.Errorf("the %s lacks %q:\n%s", name, sentence, text)
		}
	}
	if !strings.Contains(csv.String(), "rate [records/s]") || !strings.Contains(csv.String(), "40000") {
		t.Errorf("the CSV lacks the rate:\n%s", csv.String())
	}
	back, err := Read(strings.NewReader(saved.String()))
	if err != nil || !reflect.DeepEqual(back.Reports[0].Peak, r.Peak) || back.Reports[0].Config.PeakShare != 0.5 {
		t.Errorf("it came back as %+v, %v", back, err)
	}
}

func TestExtremes(t *testing.T) {
	one := func(change func(*bench.Report)) *Document {
		r := bench.Report{Config: bench.Default(bench.Produce), Targets: []bench.Target{{Name: "only"}}}
		change(&r)
		return &Document{Reports: []bench.Report{r}}
	}
	for name, d := range map[string]*Document{
		"nothing":    {},
		"no results": one(func(*bench.Report) {}),
		"no targets": one(func(r *bench.Report) { r.Targets = nil }),
		"one target": one(func(r *bench.Report) { r.Results = []bench.Result{result(t, bench.Produce, "only", 1, 1)} }),
		"all zero":   one(func(r *bench.Report) { r.Results = []bench.Result{{Target: "only", Run: 1}} }),
		"no numbers": one(func(r *bench.Report) {
			nan, inf := math.NaN(), math.Inf(1)
			r.Results = []bench.Result{{Target: "only", Run: 1, Records: 1, Bytes: 1, Seconds: nan, Broker: &bench.Usage{UserSeconds: inf},
				Series: []bench.Sample{{At: nan}, {At: 1, Bytes: 1}, {At: 1}}, Phases: []bench.Phase{{Name: "p", Seconds: inf, Bytes: 1}},
				Figures: []bench.Figure{{Name: "f", Unit: "x", Value: nan}, {Name: "g", Value: -inf}}}}
		}),
		"damaged histogram": one(func(r *bench.Report) {
			m := result(t, bench.Produce, "only", 1, 1)
			m.Ack.HDR = "junk"
			r.Results = []bench.Result{m}
		}),
		"huge and tiny": one(func(r *bench.Report) {
			r.Results = []bench.Result{{Target: "only", Run: 1, Records: math.MaxInt64, Bytes: math.MaxInt64, Seconds: 1e-9},
				{Target: "only", Run: 2, Records: 1, Bytes: 1, Seconds: 1e9}}
		}),
		"many targets": one(func(r *bench.Report) {
			for range 20 {
				r.Targets = append(r.Targets, bench.Target{Name: strings.Repeat("long ", 30)})
			}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			checkXML(t, pageOf(t, d))
			var out bytes.Buffer
			if err := d.WriteCSV(&out); err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(out.Bytes(), []byte("NaN")) || bytes.Contains(out.Bytes(), []byte("Inf")) {
				t.Errorf("the CSV has no number: %s", out.Bytes())
			}
		})
	}
}

func TestCSVHasARowARun(t *testing.T) {
	d := example(t)
	var out bytes.Buffer
	if err := d.WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + len(d.Reports[0].Results) + len(d.Reports[1].Results); len(rows) != want {
		t.Fatalf("got %d rows; want %d", len(rows), want)
	}
	column := map[string]int{}
	for i, heading := range rows[0] {
		if _, twice := column[heading]; twice {
			t.Errorf("two columns are called %s", heading)
		}
		column[heading] = i
	}
	for heading, want := range map[string]string{"workload": "produce", "target": "weir", "run": "1", "record count": "100000",
		"broker CPU [s]": "0.75", "ack p50 [us]": "824", "created in [s]": "1", "started": "2026-01-02T03:04:05Z"} {
		i, ok := column[heading]
		if !ok || rows[1][i] != want {
			t.Errorf("column %s: got %q; want %q", heading, rows[1][min(i, len(rows[1])-1)], want)
		}
	}
}

func TestJSONComesBack(t *testing.T) {
	d := example(t)
	var whole, lines bytes.Buffer
	if err := d.WriteJSON(&whole); err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(whole.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, d) {
		t.Fatal("what was read is not what was written")
	}
	for i := range d.Reports { // as weir bench --json prints them
		one := Document{Reports: d.Reports[i : i+1]}
		if err := one.WriteJSON(&lines); err != nil {
			t.Fatal(err)
		}
	}
	got, err = Read(&lines)
	if err != nil || !reflect.DeepEqual(got.Reports, d.Reports) {
		t.Fatalf("several after one another: %v", err)
	}
	for _, bad := range []string{"", "{}", "[]", "{", `"x"`, `{"reports": 3}`} {
		if d, err := Read(strings.NewReader(bad)); err == nil {
			t.Errorf("Read(%q) gave %v", bad, d)
		}
	}
}

func TestNumbers(t *testing.T) {
	for want, got := range map[string]string{
		"0": number(0), "1.50": number(1.5), "12.3": number(12.34), "999": number(999.4), "1,000": number(999.6), "1,234,568": number(1234567.8),
		"-1,234": number(-1234), "0.0123": number(0.01234), "–": number(math.NaN()), "3.62 ms": measure(3620, "us"), "812 µs": measure(812, "us"),
		"250 ms": measure(0.25, "s"), "1.00 KiB": size(1024), "p99.9": quantileName(1000), "p50": quantileName(2), "p99": quantileName(100),
	} {
		if got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

func TestLive(t *testing.T) {
	var out strings.Builder
	l := NewLive(&out, false, func() int { return 80 })
	for i := range 100 {
		l.Observe(bench.Progress{Target: "weir", Workload: bench.Produce, Run: 1, Runs: 2, Phase: "write", Fraction: float64(i) / 50,
			RecordsPerSecond: float64(i) * 1e6, BytesPerSecond: float64(i) * 1e9, AckP99: 1234, BrokerCPU: 1.1, RSSBytes: 1 << 26})
	}
	l.Observe(bench.Progress{Target: "kafka\x1b[2J\n", Workload: bench.Produce, Done: &bench.Result{Error: "lost\nrecords"}})
	done := bench.Progress{Target: "weir", Workload: bench.Small, Run: 1, Runs: 2, Done: &bench.Result{Seconds: 1, Records: 5000, Bytes: 1 << 20}}
	l.Observe(done)
	text := out.String()
	for _, want := range []string{"▁", "█", "p99 1.23 ms", "run 1 of 2", "failed: lost records", "\x1b[2A"} {
		if !strings.Contains(text, want) {
			t.Errorf("the view lacks %q", want)
		}
	}
	if strings.Contains(text, "\x1b[2J") || strings.Contains(text, "NaN") {
		t.Error("the view has what a target's name brought, or no number")
	}
	for line := range strings.SplitSeq(text, "\n") {
		line = regexp.MustCompile("\x1b\\[[0-9]*[A-Zm]|\r").ReplaceAllString(line, "")
		if n := len([]rune(line)); n > 79 {
			t.Errorf("a line of %d columns: %q", n, line)
		}
	}
	if got, want := Line(done), "small, weir, run 1 of 2: 1.00 MiB/s, 5,000 records/s"; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
}
