package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// competitors share the work; one of them dies.
	competitors = 3
	// sessionTimeout is the shortest that brokers take by default: so soon the others get a dead member's work.
	sessionTimeout = 6 * time.Second
	// killAfter records the first to handle so many dies: in the middle of what one poll gave, some of it committed.
	killAfter = 500
	// stepTimeout bounds one step of the demo; it is far above what it takes.
	stepTimeout = 2 * time.Minute
)

// worker is one competing consumer. Cutting its wire is to the broker what kill -9 is: connections vanish, heartbeats cease,
// and nobody says goodbye.
type worker struct {
	cl    *kgo.Client
	count int
	died  chan struct{}

	mu    sync.Mutex // guards conns and dead
	conns []net.Conn
	dead  bool
}

var errDead = errors.New("this consumer is dead")

func (w *worker) dial(ctx context.Context, network, host string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, host)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return nil, errors.Join(errDead, conn.Close())
	}
	w.conns = append(w.conns, conn)
	return conn, nil
}

func (w *worker) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = true
	for _, c := range w.conns {
		c.Close()
	}
	close(w.died)
}

// compete lets three consumers of one group share the departures and kills the first that has handled 500.
func (d *demo) compete(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, stepTimeout, errors.New("competing consumers: not all rows came in time"))
	defer cancel()
	ctx, finish := context.WithCancelCause(ctx)
	defer finish(nil)
	seen := newTally(len(d.rows))
	began := time.Now()
	workers := make([]*worker, competitors)
	var running sync.WaitGroup
	for i := range workers {
		w := &worker{died: make(chan struct{})}
		cl, err := d.client(kgo.ConsumerGroup(d.group("desk")), kgo.ConsumeTopics(d.topic), kgo.Dialer(w.dial),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.SessionTimeout(sessionTimeout),
			kgo.HeartbeatInterval(500*time.Millisecond), kgo.DisableAutoCommit(), kgo.MaxConcurrentFetches(1),
			kgo.FetchMaxPartitionBytes(64<<10), kgo.Balancers(kgo.RangeBalancer()))
		if err != nil {
			return err
		}
		defer cl.CloseAllowingRebalance()
		w.cl, workers[i] = cl, w
	}
	var once sync.Once
	for _, w := range workers {
		running.Go(func() {
			err := w.run(ctx, func(r *kgo.Record) error {
				rows, err := seen.add(r)
				if w.count == killAfter {
					once.Do(w.kill)
				}
				if err == nil && rows == len(d.rows) {
					finish(errAll)
				}
				return err
			})
			if err != nil {
				finish(err)
			}
		})
	}
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, errAll) {
		return fmt.Errorf("%w (%d of %d rows)", cause, seen.rows, len(d.rows))
	}
	running.Wait()
	return d.reportCompetition(workers, seen, time.Since(began))
}

// errAll ends a step: every row was met.
var errAll = errors.New("all rows were met")

// run handles records one by one and commits after each poll, until ctx ends or the worker dies.
func (w *worker) run(ctx context.Context, handle func(*kgo.Record) error) error {
	for {
		fetches := w.cl.PollRecords(ctx, 200)
		select {
		case <-ctx.Done():
			return nil
		case <-w.died:
			return nil
		default:
		}
		for it := fetches.RecordIter(); !it.Done(); {
			w.count++
			if err := handle(it.Next()); err != nil {
				return err
			}
			select {
			case <-w.died:
				return nil // whatever was handled since the last commit will come to another
			default:
			}
		}
		if err := w.cl.CommitRecords(ctx, fetches.Records()...); err != nil && ctx.Err() == nil {
			return fmt.Errorf("commit offsets: %w", err)
		}
	}
}

func (d *demo) reportCompetition(workers []*worker, seen *tally, took time.Duration) error {
	fmt.Fprintf(d.Out, "shared among %d competing consumers of one group, one killed: %s\n", competitors, rate(len(d.rows), took))
	sum, killed := 0, 0
	for i, w := range workers {
		fate := ""
		if w.dead {
			fate = " (killed)"
			killed += w.count
		}
		fmt.Fprintf(d.Out, "  consumer %d handled %d%s\n", i+1, w.count, fate)
		sum += w.count
	}
	again := seen.met - seen.rows
	fmt.Fprintf(d.Out, "  %d handled = %d rows + %d delivered again because the dead consumer had not committed them\n",
		sum, seen.rows, again)
	if sum != seen.met || seen.rows != len(d.rows) {
		return fmt.Errorf("competing consumers: %d handled, %d counted, %d of %d rows", sum, seen.met, seen.rows, len(d.rows))
	}
	if killed == 0 || again > killed {
		return fmt.Errorf("competing consumers: %d delivered again; the dead consumer had handled %d", again, killed)
	}
	return nil
}
