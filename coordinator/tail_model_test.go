package coordinator

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"weir/record"
)

// modelProducers is how many producers a random history has.
const modelProducers = 3

// written is a value that a producer wrote in a transaction, or the end of one.
type written struct {
	offset int64
	value  string // of an end: what it made count, "" for nothing
}

// modelProducer is what a producer of a random history has done.
type modelProducer struct {
	open []written          // of its open transaction
	last record.ControlType // how the last one ended
	ends []written          // all of them, oldest first
}

// history is a shard's partition to which producers, their coordinator and the shard itself write, and of which ever more
// becomes durable.
type history struct {
	*rig
	rng       *rand.Rand
	producers [modelProducers]modelProducer
	durable   int64
	values    int
	steps     []string
}

func (h *history) end() int64 { return int64(len(h.log.Batches(0))) } // each has one record

// decided tells whether the producer may go on: it waits until its last marker is durable.
func (h *history) decided(p *modelProducer) bool {
	return len(p.ends) == 0 || p.ends[len(p.ends)-1].offset < h.durable
}

// write has the shard write a record of a producer's transaction. Some are refused.
func (h *history) write(i int) {
	p := &h.producers[i]
	if !h.decided(p) {
		return
	}
	refused := h.rng.IntN(8) == 0
	if refused {
		h.log.Refuse(ErrRefused)
	}
	h.values++
	w := written{h.end(), fmt.Sprint(h.values)}
	h.setPending(int64(i), fmt.Sprint("p", i), w.value)
	h.settled()
	h.log.Refuse(nil)
	if refused {
		return
	}
	p.open = append(p.open, w)
}

// finish has a coordinator write a producer's marker.
func (h *history) finish(i int, kind record.ControlType) {
	p, w := &h.producers[i], written{offset: h.end()}
	if !h.decided(p) {
		return
	}
	if n := len(p.open); n > 0 && kind == record.ControlCommit {
		if w.value = p.open[n-1].value; p.open[n-1].offset >= h.durable {
			return // it was not answered yet, so nobody commits it
		}
	}
	marker(h.log, int64(i), kind)
	p.open, p.ends, p.last = nil, append(p.ends, w), kind
}

// crash loses what is not durable. A coordinator writes the markers again that it does not know to be durable.
func (h *history) crash(t *testing.T) {
	h.Resign(0)
	after := h.log.Crash()
	after.Hold()
	h.rig = start(t, Config{}, after)
	for i := range h.producers {
		p := &h.producers[i]
		known := h.decided(p)
		if n := len(p.ends); n > 0 && len(p.open) == 0 && (!known || h.rng.IntN(2) == 0) {
			again := written{h.end(), p.ends[n-1].value}
			marker(h.log, int64(i), p.last)
			if known { // it was met before, and makes nothing count now
				again.value = ""
			} else {
				p.ends = p.ends[:n-1]
			}
			p.ends = append(p.ends, again)
		}
		for len(p.open) > 0 && p.open[len(p.open)-1].offset >= h.durable {
			p.open = p.open[:len(p.open)-1]
		}
	}
}

// release makes more of the log durable.
func (h *history) release() {
	h.durable += h.rng.Int64N(h.end() - h.durable + 1)
	h.log.ReleaseTo(h.durable)
}

// look compares what counts with what should.
func (h *history) look() error {
	want := map[string]string{}
	for i, p := range h.producers {
		for _, end := range p.ends {
			if end.offset < h.durable && end.value != "" {
				want[fmt.Sprint("p", i)] = end.value
			}
		}
	}
	got := make(chan map[string]string, 1)
	Decide(h.Runtime, 0, "", func(m *counters, _ *Tx) (string, error) {
		some := map[string]string{}
		for k, v := range m.numbers {
			if strings.HasPrefix(k, "p") {
				some[k] = v
			}
		}
		got <- some
		return "", nil
	})
	if have := <-got; fmt.Sprint(have) != fmt.Sprint(want) {
		return fmt.Errorf("what counts is %v, want %v", have, want)
	}
	return nil
}

func (h *history) step(t *testing.T) {
	i := h.rng.IntN(modelProducers)
	label := ""
	switch h.rng.IntN(9) {
	case 0, 1, 2:
		label = fmt.Sprint("write of p", i)
		h.write(i)
	case 3, 4:
		kind := []record.ControlType{record.ControlAbort, record.ControlCommit}[h.rng.IntN(2)]
		label = fmt.Sprintf("end of p%d (%v)", i, kind)
		h.finish(i, kind)
	case 5:
		label = "other write"
		h.set("x", "1")
		h.settled()
	case 6, 7:
		label = "release"
		h.release()
	case 8:
		if h.rng.IntN(6) == 0 {
			label = "crash"
			h.crash(t)
		}
	}
	if h.end()-h.durable > maxInFlight/2 { // a shard with too many on their way waits
		h.durable = h.end()
		h.log.ReleaseTo(h.durable)
	}
	h.steps = append(h.steps, fmt.Sprintf("%s: %d of %d are durable", label, h.durable, h.end()))
}

// TestRandomTransactions plays random histories and looks after each step.
func TestRandomTransactions(t *testing.T) {
	for seed := range uint64(300) {
		l := NewMemoryLog()
		l.Hold()
		h := &history{rig: start(t, Config{}, l), rng: rand.New(rand.NewPCG(seed, 0))}
		for range 60 {
			h.step(t)
			if err := h.look(); err != nil {
				t.Fatalf("seed %d: %v after:\n\t%s", seed, err, strings.Join(h.steps, "\n\t"))
			}
		}
		h.Resign(0)
	}
}
