package coordinator

import (
	"errors"
	"fmt"

	"weir/log"
	"weir/partition"
	"weir/record"
)

// Log is what a shard needs of its partition: a partition, or in tests a log that fails and waits on command.
type Log interface {
	// Append writes one batch at the end, stamping its offsets. The ticket tells when it is durable. An error
	// that is ErrNotAvailable, ErrTooLarge or ErrRefused leaves the log as it was and usable; any other ends the
	// shard. The guard is for batches of transactions.
	Append(b *record.Batch, guard log.Guard) (Ticket, error)
	// Read gives record batches from the one that holds offset on, at most about maxBytes but at least one
	// whole batch; the last may be cut short. It gives nothing at the durable end.
	Read(offset int64, maxBytes int) ([]byte, error)
	// Bounds gives the first offset and the one after the last. It first waits until all between is durable:
	// a shard that was led before may have left something on its way. An error says that this will not be, or
	// stop was closed.
	Bounds(stop <-chan struct{}) (start, end int64, err error)
	// DurableEnd is the offset after the last that is durable.
	DurableEnd() int64
	// Watch gives a channel that is closed when the durable end has passed an offset or never will, and how to stop
	// watching.
	Watch(offset int64) (passed <-chan struct{}, stop func())
}

// Ticket is an appended batch on its way to the disk.
type Ticket interface {
	// Wait returns nil once the batch is durable, an error if it never will be or if stop is closed first.
	Wait(stop <-chan struct{}) error
}

// OnPartition gives the log of a partition as led in the epoch that it has now: a later epoch refuses the
// appends.
func OnPartition(p *partition.Partition) Log {
	return &partitionLog{partition: p, epoch: p.LeaderEpoch()}
}

type partitionLog struct {
	partition *partition.Partition
	epoch     int32
}

// Append turns the log's errors into those of this package, and leaves of the cause only the text: to those
// who ask a coordinator it makes no difference what its disk has.
func (l *partitionLog) Append(b *record.Batch, guard log.Guard) (Ticket, error) {
	t, err := l.partition.Append(b, partition.AppendOptions{ExpectedLeaderEpoch: l.epoch, Guard: guard})
	switch {
	case err == nil:
		return &t, nil
	case errors.Is(err, log.ErrDiskFull), errors.Is(err, log.ErrStorage):
		return nil, fmt.Errorf("append: %w: %v", ErrNotAvailable, err)
	case errors.Is(err, log.ErrInvalidTxnState), errors.Is(err, log.ErrProducerFenced):
		return nil, fmt.Errorf("append: %w: %w", ErrRefused, err)
	case errors.Is(err, log.ErrSegmentTooSmall):
		return nil, fmt.Errorf("append: %w: %v", ErrTooLarge, err)
	default:
		return nil, fmt.Errorf("append: %w", err)
	}
}

func (l *partitionLog) Read(offset int64, maxBytes int) ([]byte, error) {
	res, err := l.partition.Read(partition.ReadRequest{
		Offset: offset, MaxBytes: maxBytes, MinOne: true, CurrentLeaderEpoch: l.epoch, LastFetchedEpoch: -1,
	})
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	defer res.Release()
	// One slice is enough progress: the next read begins where its last whole batch ends.
	for _, s := range res.Slices {
		if s.Len() > 0 {
			return s.Bytes()
		}
	}
	return nil, nil
}

// DurableEnd implements Log.
func (l *partitionLog) DurableEnd() int64 { return l.partition.HighWatermark() }

// Watch implements Log.
func (l *partitionLog) Watch(offset int64) (passed <-chan struct{}, stop func()) {
	w := partition.NewWaiter(1)
	l.partition.Watch(w, offset)
	return w.Done(), w.Close
}

func (l *partitionLog) Bounds(stop <-chan struct{}) (start, end int64, err error) {
	p := l.partition
	end = p.Log().EndOffset()
	for p.HighWatermark() < end {
		w := partition.NewWaiter(1)
		p.Watch(w, p.HighWatermark())
		select {
		case <-w.Done():
		case <-stop:
			err = errStopped
		}
		w.Close()
		if err == nil {
			_, err = p.EndAt(false, l.epoch)
		}
		if err == nil {
			err = p.Err()
		}
		if err != nil {
			return 0, 0, fmt.Errorf("wait for offset %d to be durable: %w", end, err)
		}
	}
	return p.StartOffset(), end, nil
}
