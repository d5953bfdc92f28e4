package bench

import (
	"fmt"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The histograms hold microseconds up to an hour with three digits.
const (
	longest = int64(time.Hour / time.Microsecond)
	digits  = 3
)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, longest, digits) }

// recorder gathers times, in steps of the time series and over a stage.
type recorder struct {
	mu   sync.Mutex // guards step
	step *hdrhistogram.Histogram
	// Only the watcher touches these.
	spare, stage *hdrhistogram.Histogram
}

func newRecorder() *recorder {
	return &recorder{step: newHistogram(), spare: newHistogram(), stage: newHistogram()}
}

// record notes one time; any goroutine may call it. What is out of the histogram's range counts as its end.
func (r *recorder) record(d time.Duration) {
	us := min(max(d.Microseconds(), 1), longest)
	r.mu.Lock()
	_ = r.step.RecordValue(us) // cannot fail: us is in the range
	r.mu.Unlock()
}

// endStep closes a step of the series: its histogram is valid until the next call.
func (r *recorder) endStep() *hdrhistogram.Histogram {
	r.spare.Reset()
	r.mu.Lock()
	r.step, r.spare = r.spare, r.step
	r.mu.Unlock()
	r.stage.Merge(r.spare)
	return r.spare
}

// endStage gives all since the last call.
func (r *recorder) endStage() *hdrhistogram.Histogram {
	r.endStep()
	h := r.stage
	r.stage = newHistogram()
	return h
}

// p99 is the 99th percentile, 0 of nothing.
func p99(h *hdrhistogram.Histogram) int64 {
	if h.TotalCount() == 0 {
		return 0
	}
	return h.ValueAtQuantile(99)
}

// latencyOf gives a histogram's figures, nil of nothing.
func latencyOf(h *hdrhistogram.Histogram) (*Latency, error) {
	if h.TotalCount() == 0 {
		return nil, nil
	}
	text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, fmt.Errorf("encode histogram: %w", err)
	}
	return &Latency{Count: h.TotalCount(), Mean: h.Mean(), Min: h.Min(), P50: h.ValueAtQuantile(50), P95: h.ValueAtQuantile(95),
		P99: h.ValueAtQuantile(99), P999: h.ValueAtQuantile(99.9), Max: h.Max(), HDR: string(text)}, nil
}

// Histogram gives the whole distribution back.
func (l *Latency) Histogram() (*hdrhistogram.Histogram, error) {
	h, err := hdrhistogram.Decode([]byte(l.HDR))
	if err != nil {
		return nil, fmt.Errorf("decode histogram: %w", err)
	}
	return h, nil
}
