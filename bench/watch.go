package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// step is the distance of two points of the time series; every second one is told as Progress.
const step = 100 * time.Millisecond

// watcher looks at a stage while it runs.
type watcher struct {
	r      *run
	s      stage
	cancel context.CancelCauseFunc
	began  time.Time
	client float64 // CPU seconds of this process at the start

	before usage
	reset  bool
	peak   int64

	acked, received Flow // at the start

	// The state at the last step, at the last Progress, and when anything last moved.
	last, told point
	moved      time.Time
	series     []Sample
	worst      [2]int64 // 99th percentiles since the last Progress: ack, end to end

	quit, ended chan struct{}
}

// point is what moves during a stage.
type point struct {
	at              time.Time
	acked, received Flow
	cpu, client     float64
	rss             int64
}

// watch begins a stage.
func (r *run) watch(s stage, cancel context.CancelCauseFunc) (*watcher, error) {
	w := &watcher{r: r, s: s, cancel: cancel, quit: make(chan struct{}), ended: make(chan struct{})}
	if r.t.PID > 0 {
		w.reset = resetPeak(r.t.PID)
		var err error
		if w.before, err = readUsage(r.t.PID, r.t.DataDir); err != nil {
			return nil, err
		}
		w.peak = w.before.rss
	}
	w.client, w.acked, w.received = clientCPU(), r.acked.flow(), r.received.flow()
	w.began = time.Now()
	w.last = w.point()
	w.told, w.moved = w.last, w.began
	go w.loop()
	return w, nil
}

func (w *watcher) point() point {
	p := point{at: time.Now(), acked: w.r.acked.flow(), received: w.r.received.flow(), client: clientCPU(), rss: -1}
	if w.r.t.PID > 0 {
		if u, err := readCPU(w.r.t.PID); err == nil {
			p.cpu, p.rss = u.user+u.system, u.rss
		}
	}
	return p
}

func (w *watcher) loop() {
	defer close(w.ended)
	tick := time.NewTicker(step)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-tick.C:
			w.step(n%2 == 0)
		case <-w.quit:
			return
		}
	}
}

// step ends one step of the series.
func (w *watcher) step(tell bool) {
	p := w.point()
	w.peak = max(w.peak, p.rss)
	ack, endToEnd := p99(w.r.ack.endStep()), p99(w.r.endToEnd.endStep())
	w.worst = [2]int64{max(w.worst[0], ack), max(w.worst[1], endToEnd)}
	flow := p.main(w.r.reads).minus(w.last.main(w.r.reads))
	sample := Sample{At: p.at.Sub(w.began).Seconds(), Records: flow.Records, Bytes: flow.Bytes, AckP99: ack, EndToEndP99: endToEnd}
	if p.rss >= 0 && w.last.rss >= 0 {
		sample.CPUSeconds, sample.RSSBytes = p.cpu-w.last.cpu, p.rss
	}
	w.series = append(w.series, sample)
	if p.acked != w.last.acked || p.received != w.last.received {
		w.moved = p.at
	}
	if idle := p.at.Sub(w.moved); idle > w.r.c.Patience {
		w.cancel(fmt.Errorf("nothing was acknowledged or received for %s", idle.Round(time.Second)))
	}
	w.last = p
	if tell {
		w.tell(p)
	}
}

func (p point) main(reads bool) Flow {
	if reads {
		return p.received
	}
	return p.acked
}

// tell gives the observer a Progress.
func (w *watcher) tell(p point) {
	if w.r.observe == nil {
		return
	}
	seconds := p.at.Sub(w.told.at).Seconds()
	start := w.acked
	if w.r.reads {
		start = w.received
	}
	total, since := p.main(w.r.reads).minus(start), p.main(w.r.reads).minus(w.told.main(w.r.reads))
	out := Progress{Target: w.r.Target, Workload: w.r.Workload, Run: w.r.Run, Runs: w.r.c.Runs, Peak: w.r.c.seeksPeak(), Phase: w.s.name, Elapsed: p.at.Sub(w.began),
		Fraction: -1, Records: total.Records, Bytes: total.Bytes, RecordsPerSecond: float64(since.Records) / seconds,
		BytesPerSecond: float64(since.Bytes) / seconds, AckP99: w.worst[0], EndToEndP99: w.worst[1], BrokerCPU: -1,
		ClientCPU: (p.client - w.told.client) / seconds, RSSBytes: p.rss}
	if p.rss >= 0 && w.told.rss >= 0 {
		out.BrokerCPU = (p.cpu - w.told.cpu) / seconds
	}
	if w.s.done != nil {
		out.Fraction = min(w.s.done(), 1)
	}
	w.told, w.worst = p, [2]int64{}
	w.r.observe(out)
}

// stop ends the watch and gives the stage's figures; a counted stage's go into the Result.
func (w *watcher) stop() (Phase, error) {
	seconds, client := time.Since(w.began).Seconds(), clientCPU()-w.client
	acked, received := w.r.acked.flow().minus(w.acked), w.r.received.flow().minus(w.received)
	var used *Usage
	if w.r.t.PID > 0 {
		u, err := readUsage(w.r.t.PID, w.r.t.DataDir)
		if err != nil {
			close(w.quit)
			<-w.ended
			return Phase{}, fmt.Errorf("the broker is gone: %w", err)
		}
		used = u.since(w.before, w.reset)
	}
	close(w.quit)
	<-w.ended
	w.step(false)
	if used != nil {
		used.PeakRSSBytes = max(used.PeakRSSBytes, w.peak)
	}
	return w.gather(seconds, client, acked, received, used)
}

// gather makes the Phase and adds a counted stage to the Result.
func (w *watcher) gather(seconds, client float64, acked, received Flow, used *Usage) (Phase, error) {
	r, main := w.r, acked
	if r.reads {
		main = received
	}
	p := Phase{Name: w.s.name, Seconds: seconds, Records: main.Records, Bytes: main.Bytes}
	if used != nil {
		cpu := used.CPUSeconds()
		p.CPUSeconds = &cpu
	}
	acks, endToEnd := r.ack.endStage(), r.endToEnd.endStage()
	var err1, err2 error
	p.Ack, err1 = latencyOf(acks)
	p.EndToEnd, err2 = latencyOf(endToEnd)
	if w.s.counted {
		r.allAcks.Merge(acks)
		r.allEndToEnd.Merge(endToEnd)
		for i := range w.series {
			w.series[i].At += r.Seconds
		}
		r.Series = append(r.Series, w.series...)
		r.Seconds += seconds
		r.ClientCPUSeconds += client
		r.Broker = r.Broker.plus(used)
		r.countedAcked, r.countedIn = r.countedAcked.plus(acked), r.countedIn.plus(received)
	}
	return p, errors.Join(err1, err2)
}
