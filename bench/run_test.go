package bench

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// onFake runs a workload on one or more fakes within a synctest bubble: time is virtual.
func onFake(ctx context.Context, c Config, fakes map[string]Driver, observe func(Progress)) (*Report, error) {
	e := engine{sleep: time.Sleep, observe: observe,
		open: func(_ context.Context, t Target, _ Config) (Driver, error) { return fakes[t.Name], nil }}
	var targets []Target
	for name := range fakes {
		targets = append(targets, Target{Name: name})
	}
	slices.SortFunc(targets, func(a, b Target) int { return strings.Compare(a.Name, b.Name) })
	return e.run(ctx, c, targets)
}

func tiny(w Workload) Config {
	c := Default(w)
	c.Runs, c.WarmUp, c.RecordBytes, c.Partitions = 1, 0, 64, 3
	if c.Records > 0 {
		c.Records = 1000
	}
	return c
}

// TestStallShows: a broker that stands still for a second at a rate of 1000/s has made a thousand records late, though a client
// that waits for it has only one that waited.
func TestStallShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.onSend = func(n int) {
			if n == 5000 {
				time.Sleep(time.Second)
			}
		}
		c := tiny(EndToEnd)
		c.Rate, c.Duration = 1000, 20*time.Second
		r, err := onFake(t.Context(), c, map[string]Driver{"a": f}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, l := range map[string]*Latency{"ack": r.Results[0].Ack, "end to end": r.Results[0].EndToEnd} {
			if l.Count != 20_000 {
				t.Errorf("%s: %d records were measured; want each of 20000", name, l.Count)
			}
			// Of 20,000 records the slowest 200 are those due in the first fifth of the stall.
			if l.P99 < 790_000 || l.P99 > 810_000 || l.Max < 990_000 {
				t.Errorf("%s: p99 is %d us and the longest %d; want 0.8 s and 1 s", name, l.P99, l.Max)
			}
			if l.P50 > 2000 {
				t.Errorf("%s: p50 is %d us; want about 1 ms", name, l.P50)
			}
		}
	})
}

func TestWorkloadsOnAFake(t *testing.T) {
	for _, w := range []Workload{Produce, Consume, EndToEnd, FanOut, Partitions, Small} {
		t.Run(string(w), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := tiny(w)
				c.Producers, c.Consumers = 3, 2
				if c.Records == 0 {
					c.Duration = 200 * time.Millisecond
				}
				f := newFake()
				var told []Progress
				r, err := onFake(t.Context(), c, map[string]Driver{"a": counting{f}}, func(p Progress) { told = append(told, p) })
				if err != nil {
					t.Fatal(err)
				}
				want := int64(1000)
				if w == FanOut {
					want = 2000
				}
				m := r.Results[0]
				if m.Records != want || m.Bytes != want*64 || w != Consume && (m.Seconds <= 0 || m.Written.Records != 1000) {
					t.Errorf("got %+v; want %d records of 64 bytes", m, want)
				}
				if last := told[len(told)-1]; last.Done == nil || last.Done.Records != want {
					t.Errorf("the last progress is %+v; want the result", last)
				}
				if len(f.topics) != 0 {
					t.Errorf("topics are left: %v", f.topics)
				}
			})
		})
	}
}

func TestClearErrorWhereADriverCannot(t *testing.T) {
	for w, want := range map[Workload]string{Churn: "not driven", Connections: "not driven", Groups: "not driven", Rebalance: "not driven",
		Transactions: "not driven", ConsumeProcessProduce: "not driven", TransactionalIDs: "not driven", Share: "not driven",
		Mixed:       "data directory",
		ConsumeCold: "data directory"} {
		synctest.Test(t, func(t *testing.T) {
			_, err := onFake(t.Context(), tiny(w), map[string]Driver{"a": newFake()}, nil)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v; want an error with %q", w, err, want)
			}
		})
	}
}

// TestLostRecordsAreAnError: each way of losing one is found, and none gives a figure.
func TestLostRecordsAreAnError(t *testing.T) {
	lose := func(n int, r Record) []Record {
		if n == 500 {
			return nil
		}
		return []Record{r}
	}
	twice := func(n int, r Record) []Record {
		switch n {
		case 500:
			return nil
		case 501:
			return []Record{r, r}
		}
		return []Record{r}
	}
	for _, c := range []struct {
		name     string
		workload Workload
		set      func(f *fake) Driver
		want     string
	}{
		{"acknowledged, not stored", Produce, func(f *fake) Driver { f.onStore = lose; return counting{f} }, "the broker holds 999"},
		{"never read", Consume, func(f *fake) Driver { f.onStore = lose; return f }, "nothing was acknowledged or received for 30s"},
		{"one missing, one twice", EndToEnd, func(f *fake) Driver { f.onStore = twice; return f }, "not the same ones"},
		{"refused", Produce, func(f *fake) Driver {
			f.answer = func(n int) error {
				if n == 700 {
					return errors.New("disk full")
				}
				return nil
			}
			return f
		}, "disk full"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				config := tiny(c.workload)
				if config.Records == 0 {
					config.Duration = time.Second
				}
				r, err := onFake(t.Context(), config, map[string]Driver{"a": c.set(newFake())}, nil)
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("got %v; want an error with %q", err, c.want)
				}
				if len(r.Results) != 1 || r.Results[0].Error == "" || len(Columns(r.Results)) != 0 {
					t.Errorf("got %+v; want one result with an error and no figures", r.Results)
				}
			})
		})
	}
}

// TestTurns: targets are run in turn, warm-up does not count, and one that fails is not run again.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		fakes := map[string]Driver{}
		for _, name := range []string{"a", "b", "c"} {
			f := newFake()
			f.closed = func() { order = append(order, name) }
			if name == "c" {
				f.answer = func(n int) error {
					if n >= 1000 {
						return errors.New("it fails from its second run on")
					}
					return nil
				}
			}
			fakes[name] = f
		}
		c := tiny(Produce)
		c.WarmUp, c.Runs = 1, 2
		r, err := onFake(t.Context(), c, fakes, nil)
		if err == nil || !strings.Contains(err.Error(), "run 1: write: not acknowledged") {
			t.Errorf("got %v; want c's error", err)
		}
		if got := strings.Join(order, ""); got != "abcabcab" {
			t.Errorf("the order was %s; want abcabcab", got)
		}
		if len(r.Of("a")) != 2 || len(r.Of("b")) != 2 || r.Of("a")[0].Run != 1 {
			t.Errorf("got %d and %d counted runs; want 2 of each", len(r.Of("a")), len(r.Of("b")))
		}
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { time.Sleep(3 * time.Second); cancel() }()
		f := newFake()
		c := tiny(EndToEnd)
		_, err := onFake(ctx, c, map[string]Driver{"a": f}, nil)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v; want that it was cancelled", err)
		}
		if len(f.topics) != 0 {
			t.Error("the topic is left behind")
		}
	})
}

// TestSeries: what the series shows adds up to the run, over all of its stages.
func TestSeries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := tiny(EndToEnd)
		c.Rate, c.Duration = 500, 2*time.Second
		r, err := onFake(t.Context(), c, map[string]Driver{"a": newFake()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		m, sum, last := r.Results[0], int64(0), 0.0
		for _, s := range m.Series {
			if s.At < last {
				t.Fatalf("the series goes back from %g to %g", last, s.At)
			}
			sum, last = sum+s.Records, s.At
		}
		if sum != m.Records || len(m.Series) < 20 {
			t.Errorf("%d points add up to %d records; the run had %d", len(m.Series), sum, m.Records)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back Report
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		h, err := back.Results[0].EndToEnd.Histogram()
		if err != nil || h.TotalCount() != m.Records {
			t.Errorf("the histogram came back with %v records (%v); want %d", h, err, m.Records)
		}
	})
}

// TestAnAbsentTargetIsADash: a broker that could not be started stands in the report with the reason, and is no error of the others; nor
// does it hide that nobody can be driven.
func TestAnAbsentTargetIsADash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			a    Driver
			want string // of the error; "": none
		}{{newFake(), ""}, {undriven{newFake()}, "not driven"}} {
			e := engine{sleep: time.Sleep, open: func(context.Context, Target, Config) (Driver, error) { return c.a, nil }}
			r, err := e.run(t.Context(), tiny(Produce), []Target{{Name: "a"}, {Name: "b", Absent: "no Java here"}})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v; want %q", err, c.want)
			}
			if b := r.Of("b"); len(b) != 1 || b[0].Error != "no Java here" || len(Columns(b)) != 0 || len(r.Of("a")) != 1 {
				t.Errorf("got %+v; want a's run, and the reason of b", r.Results)
			}
		}
	})
}

// undriven has no means for any workload.
type undriven struct{ *fake }

func (undriven) Prepare(context.Context, string, Config) error { return ErrUndriven }

// TestAnUndrivenTargetIsADash: a workload that one of two targets has no means for is not an error of the other.
func TestAnUndrivenTargetIsADash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		both := map[string]Driver{"a": newFake(), "b": undriven{newFake()}}
		report, err := onFake(t.Context(), tiny(Produce), both, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := report.Of("b"); len(got) != 1 || !strings.Contains(got[0].Error, "not driven") || report.Of("a")[0].Error != "" {
			t.Errorf("got %+v; want the figures of a and the reason of b", report.Results)
		}
	})
}
