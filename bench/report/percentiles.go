package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"weir/bench"
)

// percentiles draws the distribution of a time as HdrHistogram's plots do: across, each step to the right is ten times rarer; up,
// the time, logarithmic. The histograms of a target's runs are added up.
func percentiles(title string, all []series, of func(bench.Result) *bench.Latency) (plot, bool) {
	var curves []curve
	var words []string
	least, most, rarest := math.Inf(1), 0.0, 10.0
	for _, s := range all {
		h := added(s.runs, of)
		if h == nil || h.TotalCount() == 0 {
			continue
		}
		var points []point
		for one := 1.0; ; one *= math.Pow(10, 0.05) { // one in so many is slower
			quantile := 100 - 100/one
			v := float64(h.ValueAtQuantile(quantile))
			if v > 0 {
				points = append(points, point{one, v})
				least, most = min(least, v), max(most, v)
			}
			if one > float64(h.TotalCount()) {
				rarest = max(rarest, one)
				break
			}
		}
		curves = append(curves, curve{name: s.name, class: s.class, points: points})
		words = append(words, fmt.Sprintf("%s: p50 %s, p99 %s, p99.9 %s, greatest %s", s.name, measure(float64(h.ValueAtQuantile(50)), "us"),
			measure(float64(h.ValueAtQuantile(99)), "us"), measure(float64(h.ValueAtQuantile(99.9)), "us"), measure(float64(h.Max()), "us")))
	}
	if len(curves) == 0 || most == 0 {
		return plot{}, false
	}
	x := axis{from: 1, to: rarest, start: plotLeft, end: plotWidth - plotRight, log: true}
	for v := 1.0; v <= rarest; v *= 10 {
		x.ticks = append(x.ticks, v)
		if v == 1 {
			x.ticks = append(x.ticks, 2)
		}
	}
	y := logarithmic(least, most, plotHeight-plotBottom, plotTop)
	svg := chart(title, strings.Join(words, "; "), x, y, quantileName, "us", curves)
	return plot{Title: title, Note: "all runs together; both axes logarithmic; less is better", SVG: svg, Wide: true}, true
}

// quantileName is "p99.9" for one in 1000.
func quantileName(oneIn float64) string {
	if oneIn <= 1 {
		return "p0"
	}
	digits := max(int(math.Round(math.Log10(oneIn)))-2, 0)
	return fmt.Sprintf("p%.*f", digits, 100-100/oneIn)
}

func added(runs []bench.Result, of func(bench.Result) *bench.Latency) *hdrhistogram.Histogram {
	var sum *hdrhistogram.Histogram
	for _, r := range runs {
		l := of(r)
		if l == nil || l.Count == 0 || l.HDR == "" {
			continue
		}
		h, err := l.Histogram()
		switch {
		case err != nil: // damaged: the table still has its quantiles
		case sum == nil:
			sum = h
		default:
			sum.Merge(h)
		}
	}
	return sum
}
