package bench

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// run is one run of a workload on a target.
type run struct {
	Result
	c       Config
	t       Target
	d       Driver
	values  [][]byte
	sleep   func(time.Duration)
	observe func(Progress)

	topic  string   // the run's own
	topics []string // those that were made and are to be removed

	// What was acknowledged and what was received, since the run began; any goroutine adds.
	acked, received tally
	failed          atomic.Int64 // records
	// reads says that received, not acked, is what the workload is about.
	reads bool

	ack, endToEnd           *recorder
	allAcks, allEndToEnd    *hdrhistogram.Histogram // of counted stages
	countedAcked, countedIn Flow
}

// tally counts records.
type tally struct{ records, bytes atomic.Int64 }

func (t *tally) add(records, bytes int64) { t.records.Add(records); t.bytes.Add(bytes) }

func (t *tally) flow() Flow { return Flow{t.records.Load(), t.bytes.Load()} }

func (f Flow) minus(g Flow) Flow { return Flow{f.Records - g.Records, f.Bytes - g.Bytes} }

func (f Flow) plus(g Flow) Flow { return Flow{f.Records + g.Records, f.Bytes + g.Bytes} }

// prepare makes a topic for the run.
func (r *run) prepare(ctx context.Context, topic string) error {
	r.topics = append(r.topics, topic)
	if err := r.d.Prepare(ctx, topic, r.c); err != nil {
		return fmt.Errorf("make topic: %w", err)
	}
	return nil
}

// stage is one part of a run.
type stage struct {
	name    string
	counted bool           // its figures go into the Result; a stage that only fills a topic is not counted
	done    func() float64 // how much of it is done, 0 to 1; nil where that is not known
}

// work runs one stage under watch: what the broker uses, the time series, and an end when nothing moves any more.
func (r *run) work(ctx context.Context, s stage, f func(context.Context) error) (Phase, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w, err := r.watch(s, cancel)
	if err != nil {
		return Phase{}, err
	}
	err = f(ctx)
	if cause := context.Cause(ctx); cause != nil && err != nil {
		err = cause
	}
	p, stopped := w.stop()
	if err = errors.Join(err, stopped); err != nil {
		return p, fmt.Errorf("%s: %w", s.name, err)
	}
	if n := r.failed.Load(); n > 0 {
		return p, fmt.Errorf("%s: %d records failed", s.name, n)
	}
	return p, nil
}

// finish fills in what the stages gathered.
func (r *run) finish(failed error) error {
	r.Written, r.Read, r.Errors = r.countedAcked, r.countedIn, r.failed.Load()
	main := r.Written
	if r.reads {
		main = r.Read
	}
	r.Records, r.Bytes = main.Records, main.Bytes
	var err1, err2 error
	r.Ack, err1 = latencyOf(r.allAcks)
	r.EndToEnd, err2 = latencyOf(r.allEndToEnd)
	if r.observe != nil {
		done := r.Result
		if failed != nil {
			done.Error = failed.Error()
		}
		r.observe(Progress{Target: r.Target, Workload: r.Workload, Run: r.Run, Runs: r.c.Runs, Peak: r.c.seeksPeak(), Phase: "done", Fraction: 1,
			Elapsed: time.Duration(r.Seconds * float64(time.Second)), Records: r.Records, Bytes: r.Bytes, BrokerCPU: -1, RSSBytes: -1, Done: &done})
	}
	return errors.Join(err1, err2)
}

// note adds to the run's notes.
func (r *run) note(format string, a ...any) { r.Notes = append(r.Notes, fmt.Sprintf(format, a...)) }

// figure adds one of the workload's own figures.
func (r *run) figure(name, unit string, value float64, better string) {
	r.Figures = append(r.Figures, Figure{name, unit, value, better})
}
