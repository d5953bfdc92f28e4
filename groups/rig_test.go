package groups

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"weir/coordinator"
	"weir/internal/clock"
)

// rig is a service with one shard, its log and its clock.
type rig struct {
	config Config
	clock  *clock.Manual
	log    *coordinator.MemoryLog
	held   bool
	ids    atomic.Int64
	*Service
}

func newRig(t testing.TB, c Config) *rig {
	r := openRig(c)
	t.Cleanup(func() { r.Resign(0) })
	return r
}

// openRig is newRig for those who resign themselves.
func openRig(c Config) *rig {
	c.OffsetsPartitions = 1
	start := time.UnixMilli(1_000_000_000)
	r := &rig{config: c, clock: clock.NewManual(start), log: coordinator.NewMemoryLog()}
	r.start()
	return r
}

// start leads the shard on the log as it is.
func (r *rig) start() {
	newID := func() string { return strconv.FormatInt(r.ids.Add(1), 10) }
	r.Service = newService(r.config, r.clock, slog.New(slog.DiscardHandler), newID)
	r.runtime.BecomeLeader(0, r.log)
	<-r.Loaded(0)
}

// crash starts again with what is durable.
func (r *rig) crash() {
	r.log.Hold() // what is decided while stopping must not count
	r.Resign(0)
	r.log = r.log.Crash()
	r.held = false
	r.start()
}

// settle waits until everything that was asked for, and what followed from it, has been decided, and is
// durable unless the log is held.
func (r *rig) settle() {
	for range 3 { // an event, what follows when it is durable, and what that writes
		event := make(chan struct{})
		f := coordinator.Decide(r.runtime, 0, "", func(*machine, *coordinator.Tx) (struct{}, error) {
			close(event)
			return struct{}{}, nil
		})
		decided := event
		if !r.held {
			decided = nil
		}
		select {
		case <-decided:
		case <-f.Done():
		}
	}
}

// tick lets time pass in small steps, with everything that is due done in each.
func (r *rig) tick(d time.Duration) {
	step := max(100*time.Millisecond, d/100)
	for ; d > 0; d -= step {
		r.clock.Advance(min(d, step))
		r.settle()
	}
}

// inspect runs fn on the shard's goroutine, whatever is durable.
func (r *rig) inspect(fn func(m *machine)) {
	done := make(chan struct{})
	coordinator.Decide(r.runtime, 0, "", func(m *machine, _ *coordinator.Tx) (struct{}, error) {
		fn(m)
		close(done)
		return struct{}{}, nil
	})
	<-done
}

// dump gives the log's records from offset on as text, and the offset after them.
func (r *rig) dump(offset int64) (lines []string, next int64) {
	next = offset
	for _, b := range r.log.Batches(offset) {
		for rec := range b.Records(1 << 30) {
			line, err := DumpRecord(rec.Key, rec.Value)
			if err != nil {
				line = err.Error()
			}
			lines = append(lines, line)
		}
		next = b.LastOffset() + 1
	}
	return lines, next
}

// subscription encodes what a consumer says about itself: version 1, topics, no user data, no owned
// partitions.
func subscription(topics ...string) []byte {
	b := binary.BigEndian.AppendUint16(nil, 1)
	b = binary.BigEndian.AppendUint32(b, uint32(len(topics)))
	for _, t := range topics {
		b = binary.BigEndian.AppendUint16(b, uint16(len(t)))
		b = append(b, t...)
	}
	b = binary.BigEndian.AppendUint32(b, ^uint32(0))
	return binary.BigEndian.AppendUint32(b, 0)
}

func textOf(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}

func describeMember(m MemberDescription) string {
	id := m.MemberID
	if m.InstanceID != nil {
		id += "/" + *m.InstanceID
	}
	return fmt.Sprintf("  %s client=%s host=%s metadata=%dB assignment=%q", id, m.ClientID, m.ClientHost,
		len(m.Metadata), m.Assignment)
}
