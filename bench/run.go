package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// engine runs workloads.
type engine struct {
	sleep   func(time.Duration)
	open    Opener
	observe func(Progress) // may be nil
}

// Run measures every target in turn (A B A B ...), WarmUp+Runs times. open makes each run's Driver; observe, if not nil, is told
// how it goes, from one goroutine at a time.
//
// A run that failed, or lost or failed a record, stands in the report with its Error and is no figure; its target is not run
// again, the others are. The error joins all of those, but for targets whose Driver gave ErrUndriven while another's did not. The report is never nil.
func Run(ctx context.Context, c Config, targets []Target, open Opener, observe func(Progress)) (*Report, error) {
	return engine{sleep: preciseSleep, open: open, observe: observe}.run(ctx, c, targets)
}

func (e engine) run(ctx context.Context, c Config, targets []Target) (*Report, error) {
	began := time.Now()
	report := &Report{Started: began.UTC(), Machine: machine(), Config: c, Targets: targets}
	if err := c.Check(); err != nil {
		return report, err
	}
	values, err := Values(c)
	if err != nil {
		return report, err
	}
	defer func() { report.Seconds = time.Since(began).Seconds() }()
	failed := map[string]error{}
	for _, t := range targets {
		if t.Absent != "" {
			failed[t.Name] = errAbsent
			report.Results = append(report.Results, Result{Target: t.Name, Run: 1, Workload: c.Workload, Error: t.Absent})
		}
	}
	s := series{c: c, targets: targets, values: values}
	if c.PeakShare > 0 {
		if err := e.findPeak(ctx, s, failed, report); err != nil || report.Peak == nil {
			return report, errors.Join(err, failures(targets, failed))
		}
		s.c.Rate = report.Peak.Rate
	}
	err = e.inTurn(ctx, s, failed, func(m Result) {
		m.Figures = append(m.Figures, report.Peak.figures(m.Target)...)
		report.Results = append(report.Results, m)
	})
	if err != nil {
		return report, err
	}
	return report, failures(targets, failed)
}

// series is a workload that is run several times on each of some targets.
type series struct {
	c       Config
	targets []Target
	values  [][]byte
}

// inTurn runs the targets in turn (A B A B ...), WarmUp+Runs times each, but for those that failed, and gives take the results of the counted
// runs and of those that fail. The error is ctx's.
func (e engine) inTurn(ctx context.Context, s series, failed map[string]error, take func(Result)) error {
	for n := 1 - s.c.WarmUp; n <= s.c.Runs; n++ {
		for _, t := range s.targets {
			if failed[t.Name] != nil {
				continue
			}
			m, err := e.once(ctx, s.c, t, n, s.values)
			if err != nil {
				what := string(s.c.Workload)
				if s.c.seeksPeak() {
					what = "the peak of " + what
				}
				failed[t.Name] = fmt.Errorf("measure %s on %s, run %d: %w", what, t.Name, n, err)
				m.Error = err.Error()
			}
			if n > 0 || err != nil {
				take(m)
			}
			if err := context.Cause(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// errAbsent stands for the reason why a target is not there, which whoever made the target knows already.
var errAbsent = errors.New("the broker does not run")

// failures joins what failed. That a driver has no means for the workload is a dash in the report, and an error only where
// nobody has; a target that is not there is a dash, too.
func failures(targets []Target, failed map[string]error) (err error) {
	undriven, present := 0, 0
	for _, t := range targets {
		switch f := failed[t.Name]; {
		case errors.Is(f, ErrUndriven):
			undriven++
			present++
		case f != errAbsent:
			present++
		}
	}
	for _, t := range targets {
		f := failed[t.Name]
		dash := f == errAbsent || errors.Is(f, ErrUndriven) && undriven < present
		if !dash {
			err = errors.Join(err, f)
		}
	}
	return err
}

// workloads are what each does on a run that is set up.
var workloads = map[Workload]func(context.Context, *run) error{
	Produce: produce, Small: produce, Consume: consume, ConsumeCold: consume, EndToEnd: endToEnd, FanOut: fanOut, Churn: churn,
	Partitions: partitions, Mixed: mixed, Connections: connections, Groups: manyGroups,
	Rebalance: rebalance, Transactions: transactions, ConsumeProcessProduce: consumeProcessProduce, TransactionalIDs: transactionalIDs,
	Share: share,
}

// once is one run on one target, on topics of its own.
func (e engine) once(ctx context.Context, c Config, t Target, n int, values [][]byte) (m Result, err error) {
	m = Result{Target: t.Name, Run: n, Workload: c.Workload}
	d, err := e.open(ctx, t, c)
	if err != nil {
		return m, fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if t.DataDir != "" {
		if err := errors.Join(writeBack(t.DataDir), touchPages(c.volume()*3/2)); err != nil {
			return m, err
		}
	}
	r := &run{Result: m, c: c, t: t, d: d, values: values, sleep: e.sleep, observe: e.observe, ack: newRecorder(), endToEnd: newRecorder(),
		allAcks: newHistogram(), allEndToEnd: newHistogram(), topic: fmt.Sprintf("weir-bench-%d", time.Now().UnixNano())}
	err = workloads[c.Workload](ctx, r)
	tidy, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Patience)
	defer cancel()
	for _, topic := range r.topics {
		if gone := d.Remove(tidy, topic); gone != nil {
			err = errors.Join(err, fmt.Errorf("remove topic: %w", gone))
		}
	}
	err = errors.Join(err, r.finish(err))
	return r.Result, err
}

// machine describes where this runs.
func machine() Machine {
	m := Machine{CPUs: runtime.NumCPU(), OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version()}
	describeMachine(&m)
	return m
}
