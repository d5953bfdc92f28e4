package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Measure is one run of one workload on one target.
type Measure struct {
	Target  string  `json:"target"`
	Run     int     `json:"run"`
	Records int     `json:"records"`
	Bytes   int64   `json:"bytes"` // keys and values, before compression
	Seconds float64 `json:"seconds"`
	// The broker's side; zero where its process is not known.
	CPUSeconds float64 `json:"broker_cpu_seconds"`
	PeakMiB    float64 `json:"broker_peak_rss_mib"` // since the broker started
}

// MiBPerSecond is the payload's throughput.
func (m Measure) MiBPerSecond() float64 { return float64(m.Bytes) / (1 << 20) / m.Seconds }

// CPUPerGB is the broker's CPU seconds for 10^9 bytes of payload.
func (m Measure) CPUPerGB() float64 { return m.CPUSeconds / (float64(m.Bytes) / 1e9) }

// Run measures every target in turn (A B A B ...), WarmUp+Runs times, and gives the counted measures. observe, if not nil, is
// told each one as it is done.
func Run(ctx context.Context, c Config, targets []Target, observe func(Measure)) ([]Measure, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	values, err := payload(c)
	if err != nil {
		return nil, err
	}
	var all []Measure
	for run := -c.WarmUp; run < c.Runs; run++ {
		for _, t := range targets {
			m, err := once(ctx, c, t, values)
			if err != nil {
				return all, fmt.Errorf("measure %s: %w", t.Name, err)
			}
			m.Run = run + 1
			if run < 0 {
				continue
			}
			all = append(all, m)
			if observe != nil {
				observe(m)
			}
		}
	}
	return all, nil
}

// once makes a topic, runs the workload and deletes the topic.
func once(ctx context.Context, c Config, t Target, values [][]byte) (m Measure, err error) {
	topic := fmt.Sprintf("weir-bench-%d", time.Now().UnixNano())
	cl, err := kgo.NewClient(kgo.SeedBrokers(t.Bootstrap))
	if err != nil {
		return m, err
	}
	defer cl.Close()
	adm := kadm.NewClient(cl)
	if _, err := adm.CreateTopic(ctx, c.Partitions, -1, nil, topic); err != nil {
		return m, fmt.Errorf("create topic: %w", err)
	}
	defer func() {
		_, failed := adm.DeleteTopic(context.WithoutCancel(ctx), topic)
		err = errors.Join(err, failed)
	}()
	work := produce
	if c.Workload == Consume {
		if _, err := produce(ctx, c, t, topic, values); err != nil {
			return m, fmt.Errorf("write what is to be read: %w", err)
		}
		work = consume
	}
	var before, after usage
	if t.PID > 0 {
		if before, err = readUsage(t.PID); err != nil {
			return m, err
		}
	}
	began := time.Now()
	m.Bytes, err = work(ctx, c, t, topic, values)
	m.Seconds = time.Since(began).Seconds()
	if err != nil {
		return m, err
	}
	m.Target, m.Records = t.Name, c.Records
	if t.PID > 0 {
		if after, err = readUsage(t.PID); err != nil {
			return m, err
		}
		m.CPUSeconds, m.PeakMiB = after.cpuSeconds-before.cpuSeconds, after.peakMiB
	}
	return m, nil
}
