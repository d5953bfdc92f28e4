package share

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"weir/coordinator"
	"weir/internal/clock"
	"weir/metadata"
	"weir/partition"
	"weir/record"
)

// retryLetters is how long dead letters that could not be written wait for the next try.
const retryLetters = 250 * time.Millisecond

// digger writes dead letters, those of one decision on a goroutine of their own or a few, and tells the shard when they are durable. It tries
// until they are, or the shard has gone or the digger is closed: nothing is given up without its letter.
//
// A letter is written once: before it is, the topic is searched from where it ended when the shard decided. So it makes no
// difference whether the broker dies before the letter, or between the letter and the shard's knowing of it.
type digger struct {
	partitions *partition.Set
	image      atomic.Pointer[metadata.Image]
	clock      clock.Clock
	logger     *slog.Logger
	buried     func(all []burial) *coordinator.Future[struct{}]

	mu      sync.Mutex
	closed  bool           // mu guards it
	running sync.WaitGroup // one for each burial; added to under mu
	stop    chan struct{}  // closed by close
}

func newDigger(partitions *partition.Set, clk clock.Clock, lg *slog.Logger,
	buried func(all []burial) *coordinator.Future[struct{}],
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

// buryMost is how many are written together. What a shard is told at once must fit into one batch of its log.
const buryMost = 4096

// bury implements letters. Those that go to one topic are written together.
func (d *digger) bury(all []burial) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(all) > 0 && !d.closed {
		n := 1
		for n < len(all) && n < buryMost && all[n].letter.topic == all[0].letter.topic && all[n].letter.whole == all[0].letter.whole {
			n++
		}
		together := all[:n]
		d.running.Go(func() { d.carryOut(together) })
		all = all[n:]
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

func (d *digger) carryOut(all []burial) {
	for told := false; ; {
		err := d.write(all)
		if err == nil {
			if _, err = d.buried(all).Result(); err == nil || errors.Is(err, coordinator.ErrNotCoordinator) {
				return
			}
		}
		if !told {
			d.logger.Warn("dead letters could not be written yet", "group", all[0].key.Group, "topic", all[0].letter.topic, "error", err)
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

// write makes the letters of burials durable that go to one topic.
func (d *digger) write(all []burial) error {
	topic := all[0].letter.topic
	to, err := d.grave(topic, all[0].key.Index)
	if err != nil {
		return err
	}
	there, err := d.written(to, all)
	if err != nil {
		return err
	}
	var lacking []corpse
	for i := range all {
		b := &all[i]
		for offset := b.first; offset <= b.last; offset++ {
			if at, ok := there[offset]; !ok || at < b.letter.from {
				lacking = append(lacking, corpse{offset, b})
			}
		}
	}
	for len(lacking) > 0 {
		letters, n, err := d.compose(lacking)
		if err != nil {
			return err
		}
		ticket, err := to.Append(&letters, partition.AppendOptions{ExpectedLeaderEpoch: -1, Again: true})
		if err == nil {
			err = ticket.Wait(d.stop)
		}
		if err != nil {
			return fmt.Errorf("write dead letters to %s: %w", topic, err)
		}
		lacking = lacking[n:]
	}
	return nil
}

// written finds the letters of a share partition that are in a partition already, and the newest place of each, by offset. What it
// looks at is durable.
func (d *digger) written(to *partition.Partition, all []burial) (map[int64]int64, error) {
	for end := to.Log().EndOffset(); to.HighWatermark() < end; {
		if err := d.await(to, to.HighWatermark()); err != nil {
			return nil, err
		}
	}
	from, key := all[0].letter.from, all[0].key
	for i := range all {
		from = min(from, all[i].letter.from)
	}
	name := d.name(key)
	buf := scans.Get().(*[scanBytes]byte)
	defer scans.Put(buf)
	there := make(map[int64]int64)
	for at := max(from, to.StartOffset()); at < to.HighWatermark(); {
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
				if offset, ok := letterOf(&r, key, name); ok {
					there[offset] = r.Offset
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
