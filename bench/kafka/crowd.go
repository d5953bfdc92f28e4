package kafka

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/bench"
)

// The versions that a crowd speaks: of heartbeats the one in which members choose their ids, of commits the last that names topics.
const (
	beatVersion   = 1
	commitVersion = 9
)

// rebalanceTimeoutMs is how long a member of a crowd may take to give partitions up: the default of Java consumers.
const rebalanceTimeoutMs = 300_000

// crowd is members of groups of the consumer protocol (KIP-848) that share a connection.
type crowd struct {
	conn   *conn
	topics []string

	mu      sync.Mutex   // guards what follows, and writes
	sent    uint32       // the last correlation id
	waiting []unanswered // for answers, which come in order
	frame   []byte
	failed  error

	ended chan struct{} // closed when the reader has ended
}

// unanswered is a request that was sent.
type unanswered struct {
	correlation uint32
	answer      func(body []byte) error
	done        func(error)
}

// probes are groups that are asked for before the first member joins: enough that some of them live on every shard.
const probes = 500

// awaitCoordinators returns when the target answers for groups on all its shards: the first who asks makes it create their topic.
func (d *Driver) awaitCoordinators(ctx context.Context) error {
	for i := 0; i < probes; {
		_, err := d.admin.FetchOffsets(ctx, fmt.Sprintf("weir-bench-probe-%d", i))
		if err == nil {
			i++
			continue
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the coordinators of groups: %w", err)
		case <-time.After(10 * time.Millisecond): // nothing announces them
		}
	}
	return nil
}

// NewCrowd connects to the target, which must coordinate all groups: it is the only broker.
func (d *Driver) NewCrowd(ctx context.Context, topics []string) (bench.Crowd, error) {
	if d.crowds.Add(1) == 1 {
		if err := d.awaitCoordinators(ctx); err != nil {
			return nil, err
		}
	}
	link, err := dial(ctx, d.target.Bootstrap)
	if err != nil {
		return nil, err
	}
	c := &crowd{conn: link.buffered(4 << 10), topics: topics, ended: make(chan struct{})}
	go c.read()
	return c, nil
}

// Add makes a member.
func (c *crowd) Add(group string) bench.Attendee {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &attendee{crowd: c, group: group, id: newMemberID()}
}

// Close ends the connection.
func (c *crowd) Close() error {
	err := c.conn.Close()
	<-c.ended
	return err
}

// send writes a request in a flexible version. answer looks at the body of what comes back, done is told how it went.
func (c *crowd) send(request kmsg.Request, answer func(body []byte) error, done func(error)) {
	c.mu.Lock()
	if c.failed != nil {
		err := c.failed
		c.mu.Unlock()
		done(err)
		return
	}
	c.sent++
	b := append(appendHead(c.frame[:0], request.Key(), request.GetVersion()), 0) // no tags
	b = request.AppendTo(b)
	setHead(b, 0, c.sent)
	c.frame = b
	c.waiting = append(c.waiting, unanswered{c.sent, answer, done})
	_, err := c.conn.Write(b)
	c.mu.Unlock()
	if err != nil {
		c.fail(fmt.Errorf("send: %w", err))
	}
}

// read hands answers to those who wait, until the connection ends.
func (c *crowd) read() {
	defer close(c.ended)
	var body []byte
	for {
		var head [8]byte
		if _, err := io.ReadFull(c.conn.in, head[:]); err != nil {
			c.fail(fmt.Errorf("read answer: %w", err))
			return
		}
		size, correlation := binary.BigEndian.Uint32(head[:]), binary.BigEndian.Uint32(head[4:])
		c.mu.Lock()
		if len(c.waiting) == 0 || size < 5 || size > maxAnswer || c.waiting[0].correlation != correlation {
			c.mu.Unlock()
			c.fail(fmt.Errorf("read answer: got %d bytes for request %d, which was not the next", size, correlation))
			return
		}
		w := c.waiting[0]
		c.waiting = c.waiting[1:]
		c.mu.Unlock()
		body = slices.Grow(body[:0], int(size)-4)[:size-4]
		if _, err := io.ReadFull(c.conn.in, body); err != nil {
			err = fmt.Errorf("read answer: %w", err)
			w.done(err)
			c.fail(err)
			return
		}
		w.done(w.answer(body[1:])) // behind the tags, of which there are none
	}
}

// fail ends the connection, and everyone who waits for it.
func (c *crowd) fail(err error) {
	c.mu.Lock()
	if c.failed == nil {
		c.failed = err
	}
	all := c.waiting
	c.waiting = nil
	c.mu.Unlock()
	_ = c.conn.Close() // the error that counts is err
	for _, w := range all {
		w.done(err)
	}
}

// attendee is one member.
type attendee struct {
	crowd     *crowd
	group, id string

	mu        sync.Mutex // guards what follows
	epoch     int32
	owned     []kmsg.ConsumerGroupHeartbeatResponseAssignmentTopic
	holding   bench.Holding
	committed int64
}

// Holding is what the member has.
func (a *attendee) Holding() bench.Holding {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.holding
}

// Beat sends the next heartbeat.
func (a *attendee) Beat(done func(error)) {
	r := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	r.Version, r.Group, r.MemberID = beatVersion, a.group, a.id
	a.mu.Lock()
	r.MemberEpoch, r.RebalanceTimeoutMillis = a.epoch, -1
	told := a.holding.News
	if a.epoch == 0 {
		r.RebalanceTimeoutMillis, r.SubscribedTopicNames = rebalanceTimeoutMs, a.crowd.topics
		r.Topics = []kmsg.ConsumerGroupHeartbeatRequestTopic{}
	} else if told {
		r.Topics = make([]kmsg.ConsumerGroupHeartbeatRequestTopic, 0, len(a.owned))
		for _, t := range a.owned {
			topic := kmsg.NewConsumerGroupHeartbeatRequestTopic()
			topic.TopicID, topic.Partitions = t.TopicID, t.Partitions
			r.Topics = append(r.Topics, topic)
		}
	}
	a.mu.Unlock()
	a.crowd.send(r, func(body []byte) error {
		answer := r.ResponseKind().(*kmsg.ConsumerGroupHeartbeatResponse)
		if err := answer.ReadFrom(body); err != nil {
			return fmt.Errorf("read heartbeat's answer: %w", err)
		}
		if err := kerr.ErrorForCode(answer.ErrorCode); err != nil {
			return fmt.Errorf("heartbeat: %w", err)
		}
		a.take(answer, told)
		return nil
	}, done)
}

// take does what a heartbeat's answer says, at once: there are no records to finish with.
func (a *attendee) take(answer *kmsg.ConsumerGroupHeartbeatResponse, told bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.epoch = answer.MemberEpoch
	a.holding.BeatAfter = time.Duration(answer.HeartbeatIntervalMillis) * time.Millisecond
	if told {
		a.holding.News = false
	}
	if answer.Assignment == nil {
		return
	}
	had := map[[16]byte]map[int32]bool{}
	for _, t := range a.owned {
		had[t.TopicID] = map[int32]bool{}
		for _, p := range t.Partitions {
			had[t.TopicID][p] = true
		}
	}
	n, kept, before := 0, 0, a.holding.Partitions
	for _, t := range answer.Assignment.Topics {
		n += len(t.Partitions)
		for _, p := range t.Partitions {
			if had[t.TopicID][p] {
				kept++
			}
		}
	}
	a.owned = answer.Assignment.Topics
	a.holding.Partitions = n
	a.holding.GivenUp += before - kept
	a.holding.News = a.holding.News || before != kept || n != kept
}

// Commit commits the next offset of every partition that the member has. The crowd must read one topic.
func (a *attendee) Commit(done func(error)) {
	r := kmsg.NewPtrOffsetCommitRequest()
	r.Version, r.Group, r.MemberID, r.RetentionTimeMillis = commitVersion, a.group, a.id, -1
	topic := kmsg.NewOffsetCommitRequestTopic()
	topic.Topic = a.crowd.topics[0]
	a.mu.Lock()
	a.committed++
	r.Generation = a.epoch
	for _, t := range a.owned {
		for _, p := range t.Partitions {
			partition := kmsg.NewOffsetCommitRequestTopicPartition()
			partition.Partition, partition.Offset, partition.LeaderEpoch = p, a.committed, -1
			topic.Partitions = append(topic.Partitions, partition)
		}
	}
	a.mu.Unlock()
	r.Topics = append(r.Topics, topic)
	a.crowd.send(r, func(body []byte) error {
		answer := r.ResponseKind().(*kmsg.OffsetCommitResponse)
		if err := answer.ReadFrom(body); err != nil {
			return fmt.Errorf("read commit's answer: %w", err)
		}
		var failed error
		for _, t := range answer.Topics {
			for _, p := range t.Partitions {
				failed = errors.Join(failed, kerr.ErrorForCode(p.ErrorCode))
			}
		}
		if failed != nil {
			return fmt.Errorf("commit: %w", failed)
		}
		return nil
	}, done)
}

// Leave takes the member out of its group.
func (a *attendee) Leave(done func(error)) {
	r := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	r.Version, r.Group, r.MemberID, r.MemberEpoch, r.RebalanceTimeoutMillis = beatVersion, a.group, a.id, -1, -1
	a.crowd.send(r, func(body []byte) error {
		answer := r.ResponseKind().(*kmsg.ConsumerGroupHeartbeatResponse)
		if err := answer.ReadFrom(body); err != nil {
			return fmt.Errorf("read answer to leaving: %w", err)
		}
		if err := kerr.ErrorForCode(answer.ErrorCode); err != nil {
			return fmt.Errorf("leave: %w", err)
		}
		return nil
	}, done)
}

// newMemberID gives an id as clients make them: base64 of 16 random bytes.
func newMemberID() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(raw[:])
}
