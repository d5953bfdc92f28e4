package admin

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"weir/log"
	"weir/metadata"
	"weir/partition"
	"weir/record"
)

// headerCorrelationID and headerReplyTopic are those of spring-kafka's ReplyingKafkaTemplate: whoever answers its requests answers
// ours.
const (
	headerCorrelationID = "kafka_correlationId"
	headerReplyTopic    = "kafka_replyTopic"
)

// replies hands replies to the requests that wait for them. Each topic for replies has one reader while there are such requests.
type replies struct {
	door  *Door
	ctx   context.Context // ends when the door closes
	ended sync.WaitGroup  // one for each reader; added to under mu

	mu      sync.Mutex
	readers map[metadata.TopicID]*replyReader // mu guards it, and what readers say is guarded by it
}

// replyReader reads a topic for replies from where it ended when the first of those who wait came.
type replyReader struct {
	topic   *metadata.Topic
	parts   []*partition.Partition
	next    []int64                 // of parts; the reader's goroutine alone
	waiting map[string]chan replied // by correlation id; replies.mu guards it
	stop    context.CancelFunc
}

// replied is a reply, or why there will be none.
type replied struct {
	message reply
	err     error
}

// expect has the reply with a correlation id sent to the channel, once. forget must be called when nobody waits any more.
func (r *replies) expect(topic *metadata.Topic, id string) (came <-chan replied, forget func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	reader := r.readers[topic.ID]
	if reader == nil {
		if reader, err = r.beginLocked(topic); err != nil {
			return nil, nil, err
		}
	}
	c := make(chan replied, 1)
	reader.waiting[id] = c
	forget = func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if delete(reader.waiting, id); len(reader.waiting) == 0 && r.readers[topic.ID] == reader {
			delete(r.readers, topic.ID)
			reader.stop()
		}
	}
	return c, forget, nil
}

// beginLocked starts a reader of a topic. The caller holds mu.
func (r *replies) beginLocked(topic *metadata.Topic) (*replyReader, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	reader := &replyReader{topic: topic, waiting: make(map[string]chan replied)}
	for i := range topic.Partitions {
		p, err := r.door.Partitions.Get(metadata.PartitionID{Topic: topic.ID, Index: int32(i)})
		if err != nil {
			return nil, fmt.Errorf("read replies: %w", err)
		}
		reader.parts, reader.next = append(reader.parts, p), append(reader.next, p.HighWatermark())
	}
	ctx, stop := context.WithCancel(r.ctx)
	reader.stop = stop
	r.readers[topic.ID] = reader
	r.ended.Go(func() { r.run(ctx, reader) })
	return reader, nil
}

// run reads until nobody waits, the door closes, or reading fails: then all who wait are told.
func (r *replies) run(ctx context.Context, reader *replyReader) {
	defer reader.stop()
	for {
		w := partition.NewWaiter(1)
		for i, p := range reader.parts {
			p.Watch(w, reader.next[i])
		}
		select {
		case <-w.Done():
		case <-ctx.Done():
		}
		w.Close()
		err := ctx.Err()
		for i := 0; i < len(reader.parts) && err == nil; i++ {
			err = r.readOne(reader, i)
		}
		if err != nil {
			r.fail(reader, err)
			return
		}
	}
}

// readOne reads what is new in one partition.
func (r *replies) readOne(reader *replyReader, i int) error {
	p := reader.parts[i]
	for reader.next[i] < p.HighWatermark() || p.Err() != nil {
		next, err := read(p, reader.next[i], readBytes, func(rec *record.Record, _ int64) bool {
			r.hand(reader, int32(i), rec)
			return true
		})
		if errors.Is(err, log.ErrOffsetOutOfRange) && p.StartOffset() > reader.next[i] {
			next, err = p.StartOffset(), nil
		}
		if err != nil {
			return err
		}
		if next == reader.next[i] {
			return nil
		}
		reader.next[i] = next
	}
	_, err := p.EndAt(false, -1) // that it is led here still
	return err
}

// hand gives a record to whoever waits for it.
func (r *replies) hand(reader *replyReader, index int32, rec *record.Record) {
	for _, h := range rec.Headers {
		if h.Key != headerCorrelationID {
			continue
		}
		r.mu.Lock()
		c := reader.waiting[string(h.Value)]
		delete(reader.waiting, string(h.Value))
		r.mu.Unlock()
		if c == nil {
			return
		}
		m := reply{Partition: index, Offset: rec.Offset, TimestampMs: rec.Timestamp}
		m.Key, m.KeyBase64 = text(rec.Key)
		m.Value, m.ValueBase64 = text(rec.Value)
		m.Headers, m.HeadersBase64 = headersOf(rec.Headers)
		c <- replied{message: m} // has room: only one is sent
		return
	}
}

func (r *replies) fail(reader *replyReader, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.readers[reader.topic.ID] == reader {
		delete(r.readers, reader.topic.ID)
	}
	for _, c := range reader.waiting {
		c <- replied{err: err}
	}
	clear(reader.waiting)
}
