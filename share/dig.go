package share

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"weir/coordinator"
	"weir/internal/clock"
	"weir/metadata"
	"weir/partition"
	"weir/record"
)

// Headers of dead letters (KIP-1191).
const (
	DeadTopic         = "__dlq.errors.topic"
	DeadPartition     = "__dlq.errors.partition"
	DeadOffset        = "__dlq.errors.offset"
	DeadGroup         = "__dlq.errors.group"
	DeadDeliveryCount = "__dlq.errors.delivery.count"
	DeadMessage       = "__dlq.errors.message"
)

// Messages of dead letters; the first two are Kafka's.
var messages = map[Cause]string{
	Rejected:   "Offset rejected by client.",
	Exhausted:  "Offset delivery count exceeded the threshold.",
	TimeToLive: "Offset outlived its time to live.",
}

// retryLetters is how long dead letters that could not be written wait for the next try.
const retryLetters = 250 * time.Millisecond

// digger writes dead letters, those of one decision on a goroutine of their own, and tells the shard when they are durable. It tries
// until they are, or the shard has gone or the digger is closed: nothing is given up without its letter.
//
// A letter is written once: before it is, the topic is searched from where it ended when the shard decided. So it makes no
// difference whether the broker dies before the letter, or between the letter and the shard's knowing of it.
type digger struct {
	partitions *partition.Set
	image      atomic.Pointer[metadata.Image]
	clock      clock.Clock
	logger     *slog.Logger
	buried     func(b burial) *coordinator.Future[struct{}]

	mu      sync.Mutex
	closed  bool           // mu guards it
	running sync.WaitGroup // one for each burial; added to under mu
	stop    chan struct{}  // closed by close
}

func newDigger(partitions *partition.Set, clk clock.Clock, lg *slog.Logger, buried func(b burial) *coordinator.Future[struct{}],
) *digger {
	d := &digger{partitions: partitions, clock: clk, logger: lg, buried: buried, stop: make(chan struct{})}
	d.image.Store(metadata.Empty())
	return d
}

// end implements letters.
func (d *digger) end(topic string, index int32) int64 {
	p, err := d.grave(topic, index)
	if err != nil {
		return 0
	}
	return p.Log().EndOffset()
}

// bury implements letters.
func (d *digger) bury(b burial) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.running.Go(func() { d.carryOut(b) })
	}
}

// close ends all writing and returns when it has ended.
func (d *digger) close() {
	d.mu.Lock()
	if !d.closed {
		d.closed = true
		close(d.stop)
	}
	d.mu.Unlock()
	d.running.Wait()
}

func (d *digger) carryOut(b burial) {
	for told := false; ; {
		err := d.write(b)
		if err == nil {
			if _, err = d.buried(b).Result(); err == nil || errors.Is(err, coordinator.ErrNotCoordinator) {
				return
			}
		}
		if !told {
			d.logger.Warn("dead letters could not be written yet", "group", b.key.Group, "topic", b.letter.topic, "error", err)
			told = true
		}
		timer := d.clock.NewTimer(retryLetters)
		select {
		case <-timer.C():
		case <-d.stop:
			timer.Stop()
			return
		}
	}
}

// takesLetters is the topic setting without which nothing is written to a topic (KIP-1191).
const takesLetters = "errors.deadletterqueue.group.enable"

// grave is the partition of a topic for dead letters that takes those of a partition with that index.
func (d *digger) grave(topic string, index int32) (*partition.Partition, error) {
	t := d.image.Load().Topic(topic)
	if t == nil {
		return nil, fmt.Errorf("topic %s does not exist", topic)
	}
	if t.Configs[takesLetters] != "true" {
		return nil, fmt.Errorf("topic %s takes no dead letters: its setting %s is not true", topic, takesLetters)
	}
	return d.partitions.Get(metadata.PartitionID{Topic: t.ID, Index: index % int32(len(t.Partitions))})
}

// write makes all letters of a burial durable.
func (d *digger) write(b burial) error {
	to, err := d.grave(b.letter.topic, b.key.Index)
	if err != nil {
		return err
	}
	there, err := d.written(to, b)
	if err != nil {
		return err
	}
	for offset := b.first; offset <= b.last; {
		if there[offset] {
			offset++
			continue
		}
		last := offset
		for last < b.last && !there[last+1] {
			last++
		}
		letters, next, err := d.compose(b, offset, last)
		if err != nil {
			return err
		}
		ticket, err := to.Append(&letters, partition.AppendOptions{ExpectedLeaderEpoch: -1, Again: true})
		if err == nil {
			err = ticket.Wait(d.stop)
		}
		if err != nil {
			return fmt.Errorf("write dead letters to %s: %w", b.letter.topic, err)
		}
		offset = next
	}
	return nil
}

// written finds the letters of a burial that are in a partition already, by offset. What it looks at is durable.
func (d *digger) written(to *partition.Partition, b burial) (map[int64]bool, error) {
	for end := to.Log().EndOffset(); to.HighWatermark() < end; {
		if err := d.await(to, to.HighWatermark()); err != nil {
			return nil, err
		}
	}
	buf := scans.Get().(*[scanBytes]byte)
	defer scans.Put(buf)
	there := make(map[int64]bool)
	for at := max(b.letter.from, to.StartOffset()); at < to.HighWatermark(); {
		raw, err := read(to, at, buf[:])
		if err != nil {
			return nil, fmt.Errorf("look for dead letters: %w", err)
		}
		next := at
		for batch := range batches(raw) {
			for r, err := range batch.Records(0) {
				if err != nil {
					return nil, fmt.Errorf("look for dead letters: %w", err)
				}
				if offset, ok := letterOf(&r, b.key, d.name(b.key)); ok {
					there[offset] = true
				}
			}
			next = batch.LastOffset() + 1
		}
		if next == at {
			break
		}
		at = next
	}
	return there, nil
}

// await waits until more than offset is durable.
func (d *digger) await(p *partition.Partition, offset int64) error {
	w := partition.NewWaiter(1)
	defer w.Close()
	p.Watch(w, offset)
	select {
	case <-w.Done():
	case <-d.stop:
		return errClosed
	}
	if err := p.Err(); err != nil {
		return err
	}
	if _, err := p.EndAt(false, -1); err != nil {
		return err
	}
	return nil
}

var errClosed = errors.New("closed")

// name is that of the topic of a share partition, its id if it is gone.
func (d *digger) name(k Key) string {
	if t := d.image.Load().TopicByID(k.Topic); t != nil {
		return t.Name
	}
	return k.Topic.String()
}

// letterOf tells whether a record is the dead letter of a share partition's record, and of which.
func letterOf(r *record.Record, k Key, topic string) (offset int64, ok bool) {
	l, ok := ReadLetter(r.Headers)
	return l.Offset, ok && l.Group == k.Group && l.Topic == topic && l.Partition == k.Index
}

// letterBytes is about how much one batch of dead letters takes.
const letterBytes = 512 << 10

// compose makes one batch of dead letters for records from first on, and tells where the next begins. What the log no longer has
// gets a letter without the record.
func (d *digger) compose(b burial, first, last int64) (letters record.Batch, next int64, err error) {
	builder := record.NewBuilder(record.Options{})
	next = first
	add := func(offset int64, r *record.Record) {
		headers := d.headers(b, offset)
		var key, value []byte
		if r != nil {
			key, value = r.Key, r.Value
			headers = append(headers, r.Headers...)
		}
		builder.Append(d.clock.Now().UnixMilli(), key, value, headers...)
		next = offset + 1
	}
	if b.letter.whole {
		from, err := d.partitions.Get(b.key.PartitionID)
		if err == nil && from.StartOffset() <= last {
			buf := scans.Get().(*[scanBytes]byte)
			defer scans.Put(buf)
			raw, err := read(from, max(first, from.StartOffset()), buf[:])
			if err != nil {
				return letters, 0, fmt.Errorf("read records that died: %w", err)
			}
			for batch := range batches(raw) {
				for r, err := range batch.Records(0) {
					if err != nil {
						return letters, 0, fmt.Errorf("read records that died: %w", err)
					}
					for next < r.Offset && next <= last {
						add(next, nil)
					}
					if r.Offset == next && next <= last && builder.Size() < letterBytes {
						add(r.Offset, &r)
					}
				}
			}
			if next > first {
				return builder.Build(), next, nil
			}
		}
	}
	for next <= last && builder.Size() < letterBytes {
		add(next, nil)
	}
	return builder.Build(), next, nil
}

func (d *digger) headers(b burial, offset int64) []record.RecordHeader {
	text := func(key, value string) record.RecordHeader {
		return record.RecordHeader{Key: key, Value: []byte(value)}
	}
	return []record.RecordHeader{
		text(DeadTopic, d.name(b.key)),
		text(DeadPartition, strconv.Itoa(int(b.key.Index))),
		text(DeadOffset, strconv.FormatInt(offset, 10)),
		text(DeadGroup, b.key.Group),
		text(DeadDeliveryCount, strconv.Itoa(int(b.count))),
		text(DeadMessage, messages[b.cause]),
	}
}
