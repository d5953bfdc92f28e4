package bench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What the search for a target's peak takes: so many counted runs, each of which sends for so long.
const (
	peakRuns     = 3
	peakDuration = 2 * time.Second
	// peakGuess is how many bytes a second a run of the search may write, before that is known.
	peakGuess = 512 << 20
)

// Peak says how the rate of a Report came about where Config.PeakShare asks for a share of the peak.
//
// A target's peak is what it does in a closed loop of the same load: the same records, batches, linger, producers and consumers, as
// fast as they are acknowledged, from the first record sent until the last is read; the median of three runs of two seconds, in turn
// with the other targets' and after Config.WarmUp runs, at least one. The rate is the share of the lowest peak among the targets, and
// the same for all of them: times at unequal rates cannot be compared, and at a rate above its peak a broker has no latency, only a
// queue that grows.
type Peak struct {
	Share   float64      `json:"share"`
	Lowest  string       `json:"lowest"` // target
	Rate    float64      `json:"rate"`   // records a second, of every target
	Targets []TargetPeak `json:"targets"`
}

// TargetPeak is what one target reached, in records a second; Runs are in the order in which they were done.
type TargetPeak struct {
	Target string    `json:"target"`
	Peak   float64   `json:"peak"` // the median
	Runs   []float64 `json:"runs"`
}

// String says the rate and the peaks in a sentence.
func (p *Peak) String() string {
	var peaks []string
	for _, t := range p.Targets {
		s := SpreadOf(t.Runs)
		peaks = append(peaks, fmt.Sprintf("%s %.0f (%.0f-%.0f)", t.Target, s.Median, s.Min, s.Max))
	}
	whose := "its peak"
	if len(p.Targets) > 1 {
		whose = "the lowest peak, that of " + p.Lowest + ", for all"
	}
	return fmt.Sprintf("rate: %.0f records/s, %s of %s; peaks in a closed loop, records/s: %s", p.Rate, percent(p.Share), whose,
		strings.Join(peaks, ", "))
}

// index is where a target's peak is, -1 where it has none.
func (p *Peak) index(target string) int {
	return slices.IndexFunc(p.Targets, func(t TargetPeak) bool { return t.Target == target })
}

// percent writes a share as ParseRate reads it.
func percent(share float64) string { return strconv.FormatFloat(share*100, 'g', 6, 64) + "%" }

// ParseRate reads a rate as flags and files have it: records a second, or a share of the peak such as "50%". One of the two is 0.
func ParseRate(word string) (rate, share float64, err error) {
	number, isShare := strings.CutSuffix(strings.TrimSpace(word), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil {
		return 0, 0, fmt.Errorf("rate %q is neither records a second nor a share of the peak such as 50%%", word)
	}
	if isShare {
		if !(v > 0 && v <= 100) {
			return 0, 0, fmt.Errorf("rate %q: a share of the peak is more than 0%% and at most 100%%", word)
		}
		return 0, v / 100, nil
	}
	return v, 0, nil
}

// FormatRate writes what ParseRate reads.
func FormatRate(rate, share float64) string {
	if share > 0 {
		return percent(share)
	}
	return strconv.FormatFloat(rate, 'g', -1, 64)
}

// seeksPeak says that the Config is that of a run which looks for the peak.
func (c Config) seeksPeak() bool { return c.PeakShare > 0 && c.Rate == 0 }

// figures are those of every run of a target: its peak, and the rate of all.
func (p *Peak) figures(target string) []Figure {
	if p == nil {
		return nil
	}
	f := []Figure{{Name: "rate", Unit: "records/s", Value: p.Rate}}
	if i := p.index(target); i >= 0 {
		f = append(f, Figure{Name: "peak", Unit: "records/s", Value: p.Targets[i].Peak, Better: "more"})
	}
	return f
}

// findPeak measures every target's peak. A target that fails stands in failed and in the report's results; where all of them do, the
// report has no Peak.
func (e engine) findPeak(ctx context.Context, s series, failed map[string]error, report *Report) error {
	p := &Peak{Share: s.c.PeakShare}
	s.c.Rate, s.c.Records, s.c.Duration = 0, 0, peakDuration
	s.c.Runs, s.c.WarmUp = peakRuns, max(s.c.WarmUp, 1)
	err := e.inTurn(ctx, s, failed, func(m Result) {
		if m.Error != "" {
			report.Results = append(report.Results, m)
			return
		}
		i := p.index(m.Target)
		if i < 0 {
			i, p.Targets = len(p.Targets), append(p.Targets, TargetPeak{Target: m.Target})
		}
		t := &p.Targets[i]
		t.Runs = append(t.Runs, float64(m.Records)/m.Seconds)
		t.Peak = SpreadOf(t.Runs).Median
	})
	p.Targets = slices.DeleteFunc(p.Targets, func(t TargetPeak) bool { return failed[t.Target] != nil })
	if err != nil || len(p.Targets) == 0 {
		return err
	}
	lowest := slices.MinFunc(p.Targets, func(a, b TargetPeak) int { return cmp.Compare(a.Peak, b.Peak) })
	p.Lowest, p.Rate = lowest.Target, lowest.Peak*p.Share
	report.Peak = p
	return nil
}
