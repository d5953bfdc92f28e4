package client

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// progress shows a counter with its rate on a terminal, one line rewritten in place; elsewhere it shows nothing.
type progress struct {
	w     io.Writer
	verb  string
	count atomic.Int64
	stop  chan struct{}
	done  chan struct{}
	since time.Time
}

// newProgress begins to show; the caller ends it with close.
func newProgress(w io.Writer, verb string) *progress {
	p := &progress{w: w, verb: verb, stop: make(chan struct{}), done: make(chan struct{}), since: time.Now()}
	if !isTerminal(w) {
		close(p.done)
		return p
	}
	go p.run()
	return p
}

func (p *progress) run() {
	defer close(p.done)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			n := p.count.Load()
			fmt.Fprintf(p.w, "\r\x1b[K%s %d records, %.0f/s", p.verb, n, float64(n)/time.Since(p.since).Seconds())
		case <-p.stop:
			fmt.Fprint(p.w, "\r\x1b[K")
			return
		}
	}
}

func (p *progress) add(n int) { p.count.Add(int64(n)) }

// close ends the display and gives the count and the time it took.
func (p *progress) close() (int64, time.Duration) {
	close(p.stop)
	<-p.done
	return p.count.Load(), time.Since(p.since)
}
