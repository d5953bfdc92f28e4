package coordinator

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"weir/internal/clock"
)

// maxInFlight bounds the batches of one shard that are written but not durable. With as many, deciding waits.
const maxInFlight = 16

// loadPatience is how long a request waits for a shard that is only about to be loaded. Clients that are told to ask again pause
// before they do, and most shards load in less; a client's own timeouts are longer.
const loadPatience = time.Second

// runner is one shard's goroutine with all that it owns.
type runner struct {
	config  Config
	clock   clock.Clock
	logger  *slog.Logger
	machine Machine
	log     Log

	queue  queue
	loaded chan struct{} // closed when loading has ended, well or not
	stop   chan struct{} // closed by halt
	done   chan struct{} // closed when the goroutine has ended

	loadedOnce, stopOnce sync.Once // close loaded and stop

	// Only the shard's goroutine touches these.
	timers   timers
	current  *batch            // what is decided but not written
	inFlight []*batch          // what is written but not answered, oldest first
	dirty    map[string]*batch // by key, the youngest batch that holds a record of it
	waiting  int               // batches sent on toWait whose outcome has not come back
	outcomes []outcome         // what came back and is still to be looked at, oldest first
	refused  bool              // the log refused the last batch
	tail     tail              // what others wrote
	broken   error             // why nothing can be written any more
	spare    []*Tx             // events that have ended, to be used again

	toWait  chan *batch  // to the goroutine that waits for tickets
	durable chan outcome // and back
}

// outcome is what became of a written batch.
type outcome struct {
	batch *batch
	err   error
}

func newRunner(c Config, m Machine, l Log, clk clock.Clock, lg *slog.Logger) *runner {
	return &runner{
		config: c, clock: clk, logger: lg, machine: m, log: l,
		queue:  queue{limit: c.QueueMax, wake: make(chan struct{}, 1)},
		loaded: make(chan struct{}), stop: make(chan struct{}), done: make(chan struct{}),
		current: &batch{}, dirty: make(map[string]*batch),
		toWait: make(chan *batch, maxInFlight), durable: make(chan outcome, maxInFlight),
	}
}

// run is the shard's goroutine.
func (r *runner) run() {
	defer close(r.done)
	patience := r.clock.AfterFunc(loadPatience, func() {
		for _, e := range r.queue.giveUp() {
			e.fail(ErrLoading)
		}
	})
	err := r.load()
	patience.Stop()
	if err == nil {
		err = r.lead()
	}
	if !errors.Is(err, errStopped) {
		r.logger.Error("coordinator shard ended", "error", err)
	}
	r.end(fmt.Errorf("%w: %v", ErrNotCoordinator, err))
	r.loadedOnce.Do(func() { close(r.loaded) })
}

// lead serves the shard that has been loaded, until it is told to stop or cannot go on.
func (r *runner) lead() error {
	var waiting sync.WaitGroup
	waiting.Go(r.awaitTickets)
	r.exec(event{run: r.machine.Loaded})
	r.queue.open()
	r.loadedOnce.Do(func() { close(r.loaded) })
	err := r.serve()
	r.halt()
	close(r.toWait)
	waiting.Wait()
	return err
}

// halt tells the shard to stop.
func (r *runner) halt() { r.stopOnce.Do(func() { close(r.stop) }) }

// errStopped ends a shard that has been told to stop.
var errStopped = errors.New("resigned")

// serve runs events until the shard is told to stop or can no longer write.
func (r *runner) serve() error {
	timer := r.clock.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if err := r.turn(); err != nil {
			return err
		}
		if r.waiting >= maxInFlight { // the queue grows meanwhile, and one write is then enough for all of it
			r.receive()
			continue
		}
		if len(r.outcomes) > 0 {
			continue
		}
		if next, ok := r.timers.next(); ok {
			timer.Reset(max(next.Sub(r.clock.Now()), 0))
		}
		if err := r.rest(timer.C()); err != nil {
			return err
		}
	}
}

// rest waits until there is something to do.
func (r *runner) rest(timer <-chan time.Time) error {
	moved, unwatch := r.watchTail()
	defer unwatch()
	select {
	case <-r.stop:
		return errStopped
	case o := <-r.durable:
		r.received(o)
	case <-moved:
	case <-r.queue.wake:
	case <-timer:
	}
	return nil
}

// receive waits for the outcome of one written batch; it comes at once when the shard is told to stop.
func (r *runner) receive() { r.received(<-r.durable) }

func (r *runner) received(o outcome) {
	r.waiting--
	r.outcomes = append(r.outcomes, o)
}

// turn answers what has become durable, runs everything that is due or queued, and writes it.
func (r *runner) turn() error {
	for len(r.outcomes) > 0 {
		o := r.outcomes[0]
		r.outcomes = r.outcomes[1:]
		if o.err != nil {
			return fmt.Errorf("wait for batch: %w", o.err)
		}
		r.settle(o.batch)
	}
	r.fireTimers()
	events := r.queue.take()
	if err := r.meetMarkers(); err != nil { // what they are decided on may follow from a marker
		return err
	}
	for _, e := range events {
		r.exec(e)
	}
	r.flush(nil)
	return r.broken
}

func (r *runner) fireTimers() {
	now := r.clock.Now()
	for t := r.timers.due(now); t != nil; t = r.timers.due(now) {
		r.exec(event{key: t.key, run: t.fire})
	}
}

// exec decides one event.
func (r *runner) exec(e event) {
	tx := r.newTx()
	tx.Now, tx.key = r.clock.Now(), e.key
	e.run(tx)
	r.finish(tx)
}

// spareMax bounds the events that are kept for use again.
const spareMax = 1024

// newTx gives an empty event.
func (r *runner) newTx() *Tx {
	last := len(r.spare) - 1
	if last < 0 {
		return &Tx{runner: r}
	}
	tx := r.spare[last]
	r.spare = r.spare[:last]
	return tx
}

// recycle takes back an event that has ended: nobody knows it any more.
func (r *runner) recycle(tx *Tx) {
	if len(r.spare) >= spareMax {
		return
	}
	tx.clear()
	r.spare = append(r.spare, tx)
}

// awaitTickets waits for the written batches in order. It runs beside the shard's goroutine and touches no
// state.
func (r *runner) awaitTickets() {
	for b := range r.toWait {
		r.durable <- outcome{b, b.ticket.Wait(r.stop)} // never blocks: there is room for all in flight
	}
}

// end fails everything that still waits.
func (r *runner) end(err error) {
	events := r.queue.close(err)
	for _, b := range append(r.inFlight, r.current) {
		for _, tx := range b.events {
			for _, answer := range tx.answers {
				answer(err)
			}
		}
	}
	r.inFlight = nil
	r.machine.Unloaded(err)
	for _, e := range events {
		e.fail(err)
	}
}
