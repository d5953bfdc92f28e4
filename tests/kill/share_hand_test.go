//go:build kill

package kill

import (
	"context"
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/tests/checker"
)

// hand takes records for a group and says what becomes of them, until it is cut off. One goroutine uses it; another may cut it off.
type hand interface {
	// take gives what came in a short time. That it is not known what came is an error.
	take(ctx context.Context) ([]given, error)
	// settle sends the verdicts of one take, and notes what became of them.
	settle(ctx context.Context, all []given)
	// extend holds records for longer.
	extend(ctx context.Context, all []given)
	// cut ends all its connections: it is not heard of again.
	cut()
	// close gives back what it needed.
	close()
}

// given is one record as its member got it.
type given struct {
	*checker.Delivery
	headers map[string]string
	record  *kgo.Record // from a share consumer
	receipt string      // over HTTP
	delayMs int64       // of a release over HTTP; negative for the group's backoff
}

// consumer is a share consumer.
type consumer struct {
	cl   *kgo.Client
	ctx  context.Context // ends when it is cut off
	kill context.CancelFunc
	lock time.Duration
	wait func(deliveries int) int64 // the group's backoff, in ms
	over atomic.Bool                // it is to leave

	mu      sync.Mutex // guards what follows
	conns   []net.Conn
	asked   int64 // when it last asked for records
	arrived map[*kgo.Record][2]int64
	answers map[int32]error // to the acknowledgements of one settlement, by partition
	held    []given         // not settled: what it loses when it is cut off
}

func (c *crew) newConsumer(ctx context.Context) hand {
	h := &consumer{lock: lockTime, wait: c.backoff.after, arrived: map[*kgo.Record][2]int64{}}
	h.ctx, h.kill = context.WithCancel(ctx)
	h.cl = c.client(kgo.ShareGroup(c.group), kgo.ConsumeTopics("work"), kgo.ShareMaxRecords(20), kgo.ShareMaxRecordsStrict(), kgo.Dialer(h.dial),
		kgo.RequestRetries(0), kgo.RetryTimeout(time.Second), kgo.FetchMaxWait(200*time.Millisecond), kgo.WithHooks(h),
		kgo.ShareAckCallback(func(_ *kgo.Client, results kgo.ShareAckResults) {
			h.mu.Lock()
			defer h.mu.Unlock()
			for _, r := range results {
				if before, told := h.answers[r.Partition]; h.answers != nil && (!told || before == nil) {
					h.answers[r.Partition] = r.Err
				}
			}
		}))
	return h
}

func (h *consumer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if h.ctx.Err() != nil {
		return nil, h.ctx.Err()
	}
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns = append(h.conns, conn)
	return &watched{conn, h}, nil
}

// watched is a connection that notes when records are asked for.
type watched struct {
	net.Conn
	h *consumer
}

func (w *watched) Write(b []byte) (int, error) {
	if len(b) >= 6 && int16(binary.BigEndian.Uint16(b[4:])) == int16(kmsg.ShareFetch) {
		w.h.mu.Lock()
		w.h.asked = time.Now().UnixNano()
		w.h.mu.Unlock()
	}
	return w.Conn.Write(b)
}

// OnFetchRecordBuffered implements kgo.HookFetchRecordBuffered.
func (h *consumer) OnFetchRecordBuffered(r *kgo.Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.arrived[r] = [2]int64{h.asked, time.Now().UnixNano()}
}

func (h *consumer) take(ctx context.Context) ([]given, error) {
	ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	records := h.cl.PollFetches(ctx).Records()
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]given, len(records))
	for i, r := range records {
		came := h.arrived[r]
		delete(h.arrived, r)
		headers := map[string]string{}
		for _, header := range r.Headers {
			headers[header.Key] = string(header.Value)
		}
		all[i] = given{record: r, headers: headers, delayMs: -1, Delivery: &checker.Delivery{Place: checker.Place{Partition: r.Partition, Offset: r.Offset},
			Count: int(r.DeliveryCount()), Began: came[0], Arrived: came[1], Until: came[0] + int64(h.lock)}}
	}
	h.held = all
	return all, nil
}

var statuses = map[checker.Verdict]kgo.AckStatus{checker.Accepted: kgo.AckAccept, checker.Released: kgo.AckRelease,
	checker.Rejected: kgo.AckReject}

func (h *consumer) settle(ctx context.Context, all []given) {
	asked, answers := h.acknowledge(ctx, all, func(g *given) kgo.AckStatus { return statuses[g.Verdict] })
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, g := range all {
		g.Asked, g.Ended = asked, time.Now().UnixNano()
		if err, told := answers[g.Partition]; told && err == nil {
			g.Outcome = checker.OK
		}
	}
	h.held = nil
}

// acknowledge sends what is said of records, and gives what was answered for each partition; nothing is known of one that is not there.
func (h *consumer) acknowledge(ctx context.Context, all []given, says func(*given) kgo.AckStatus) (asked int64, answers map[int32]error) {
	answers = map[int32]error{}
	h.mu.Lock()
	h.answers = answers
	h.mu.Unlock()
	asked = time.Now().UnixNano()
	for i := range all {
		h.cl.MarkAcks(says(&all[i]), all[i].record)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	err := h.cl.FlushAcks(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers = nil
	if err != nil {
		return asked, nil
	}
	return asked, answers
}

func (h *consumer) extend(ctx context.Context, all []given) {
	asked, answers := h.acknowledge(ctx, all, func(*given) kgo.AckStatus { return kgo.AckRenew })
	for _, g := range all {
		if err, told := answers[g.Partition]; told && err == nil {
			g.Until = asked + int64(h.lock)
		}
	}
}

// leave ends the membership in order: what it holds it releases with the last request of its share sessions, and then it leaves the group.
// It gives back what it had been given and said nothing of.
func (h *consumer) leave() []given {
	h.mu.Lock()
	back := h.held
	answers := map[int32]error{}
	h.held, h.answers = nil, answers
	asked := time.Now().UnixNano()
	for _, g := range back {
		g.Verdict, g.Outcome, g.Asked, g.Wait = checker.Released, checker.Unknown, asked, h.wait(g.Count)*1e6
	}
	h.mu.Unlock()
	ctx, cancel := context.WithTimeout(h.ctx, 5*time.Second)
	defer cancel()
	err := h.cl.LeaveGroupContext(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers = nil
	for _, g := range back {
		g.Ended = time.Now().UnixNano()
		if failed, told := answers[g.Partition]; err == nil && told && failed == nil {
			g.Outcome = checker.OK
		}
	}
	return back
}

// cut notes the time before the broker can learn of it.
func (h *consumer) cut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kill()
	for _, g := range h.held {
		g.Gone = time.Now().UnixNano()
	}
	for _, conn := range h.conns {
		_ = conn.Close()
	}
}

func (h *consumer) close() { h.cl.Close() }
