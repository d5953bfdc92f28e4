package txn

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"weir/coordinator"
	"weir/internal/clock"
	"weir/log"
	"weir/metadata"
	"weir/partition"
	"weir/record"
)

// retryMarkers is how long a marker that could not be written waits for the next try.
const retryMarkers = 100 * time.Millisecond

// writer writes the markers of endings, each on a goroutine of its own, and tells the shard when they are
// durable. It gives up only when the shard has gone or the writer is closed.
type writer struct {
	partitions *partition.Set
	image      atomic.Pointer[metadata.Image]
	clock      clock.Clock
	logger     *slog.Logger
	completed  func(e Ending) *coordinator.Future[struct{}] // set once, before the first ending

	mu      sync.Mutex
	closed  bool           // mu guards it
	running sync.WaitGroup // one for each ending; added to under mu
	stop    chan struct{}  // closed by close
}

func newWriter(partitions *partition.Set, clk clock.Clock, lg *slog.Logger) *writer {
	w := &writer{partitions: partitions, clock: clk, logger: lg, stop: make(chan struct{})}
	w.image.Store(metadata.Empty())
	return w
}

// write implements markers.
func (w *writer) write(e Ending) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.running.Go(func() { w.carryOut(e) })
	}
}

// close ends all writing and returns when it has ended.
func (w *writer) close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.stop)
	}
	w.mu.Unlock()
	w.running.Wait()
}

// carryOut writes an ending's markers until all are durable and the shard has noted so.
func (w *writer) carryOut(e Ending) {
	left, told := e.Partitions, false
	for {
		var err error
		if left, err = w.writeTo(e, left); err == nil {
			if _, err = w.completed(e).Result(); err == nil || errors.Is(err, coordinator.ErrNotCoordinator) {
				return
			}
		}
		if errors.Is(err, log.ErrCoordinatorFenced) {
			w.logger.Warn("a newer coordinator ends the transaction", "id", e.ID, "error", err)
			return
		}
		if !told {
			w.logger.Warn("markers of a transaction could not be written yet", "id", e.ID, "partitions", len(left),
				"error", err)
			told = true
		}
		if !w.pause() {
			return
		}
	}
}

// pause waits a little; false when the writer is closed.
func (w *writer) pause() bool {
	timer := w.clock.NewTimer(retryMarkers)
	defer timer.Stop()
	select {
	case <-timer.C():
		return true
	case <-w.stop:
		return false
	}
}

// writeTo writes markers to partitions and waits until they are durable. It returns those that are to be tried
// again, with why.
func (w *writer) writeTo(e Ending, partitions []Partition) (left []Partition, err error) {
	tickets := make([]partition.Ticket, len(partitions))
	failed := make([]error, len(partitions))
	for i, p := range partitions {
		tickets[i], failed[i] = w.append(e, p)
	}
	for i, p := range partitions {
		if failed[i] == nil {
			failed[i] = tickets[i].Wait(w.stop)
		}
		if done(failed[i]) {
			continue
		}
		left = append(left, p)
		if err == nil || errors.Is(failed[i], log.ErrCoordinatorFenced) {
			err = fmt.Errorf("write marker to %s-%d: %w", p.Topic, p.Index, failed[i])
		}
	}
	return left, err
}

// done tells whether nothing more is to be written to a partition: the marker is there, the partition is gone,
// or a later epoch of the producer is there, which only follows this marker.
func done(err error) bool {
	return err == nil || errors.Is(err, errGone) || errors.Is(err, log.ErrProducerFenced)
}

// errGone says that a topic was deleted.
var errGone = errors.New("the topic is gone")

func (w *writer) append(e Ending, p Partition) (partition.Ticket, error) {
	topic := w.image.Load().Topic(p.Topic)
	if topic == nil || int(p.Index) >= len(topic.Partitions) || p.Index < 0 {
		return partition.Ticket{}, errGone
	}
	to, err := w.partitions.Get(metadata.PartitionID{Topic: topic.ID, Index: p.Index})
	if err != nil {
		return partition.Ticket{}, err
	}
	b := record.MarkerBatch(e.Commit, e.ProducerID, e.Epoch, e.CoordinatorEpoch, w.clock.Now().UnixMilli())
	return to.Append(&b, partition.AppendOptions{ExpectedLeaderEpoch: -1})
}
