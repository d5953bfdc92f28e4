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
	failed := map[string]error{}
	for n := 1 - c.WarmUp; n <= c.Runs; n++ {
		for _, t := range targets {
			if failed[t.Name] != nil {
				continue
			}
			m, err := e.once(ctx, c, t, n, values)
			if err != nil {
				failed[t.Name] = fmt.Errorf("measure %s on %s, run %d: %w", c.Workload, t.Name, n, err)
				m.Error = err.Error()
			}
			if n > 0 || err != nil {
				report.Results = append(report.Results, m)
			}
			report.Seconds = time.Since(began).Seconds()
			if err := context.Cause(ctx); err != nil {
				return report, err
			}
		}
	}
	return report, failures(targets, failed)
}

// failures joins what failed. That a driver has no means for the workload is a dash in the report, and an error only where
// nobody has.
func failures(targets []Target, failed map[string]error) (err error) {
	undriven := 0
	for _, t := range targets {
		if errors.Is(failed[t.Name], ErrUndriven) {
			undriven++
		}
	}
	for _, t := range targets {
		if f := failed[t.Name]; !errors.Is(f, ErrUndriven) || undriven == len(targets) {
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
