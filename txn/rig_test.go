package txn

import (
	"log/slog"
	"testing"
	"time"

	"weir/coordinator"
	"weir/internal/clock"
)

// rig is a service with one shard, its log, its clock, and the endings whose markers are to be written.
type rig struct {
	config  Config
	clock   *clock.Manual
	log     *coordinator.MemoryLog
	held    bool
	version int16 // of the protocol
	epoch   int32
	endings []Ending // only the shard's goroutine adds, only between settle and the next event is it read
	*Service
}

func (r *rig) write(e Ending) { r.endings = append(r.endings, e) }

func newRig(t testing.TB, c Config) *rig {
	r := looseRig(c)
	t.Cleanup(func() { r.Resign(0) })
	return r
}

// looseRig is a rig that its maker ends with Resign.
func looseRig(c Config) *rig {
	c.StatePartitions = 1
	r := &rig{config: c, version: Bumped, clock: clock.NewManual(time.UnixMilli(1_000_000)), log: coordinator.NewMemoryLog()}
	r.start()
	return r
}

// start leads the shard on the log as it is.
func (r *rig) start() {
	r.epoch++
	r.endings = nil
	r.Service = newService(r.config, r, r.clock, slog.New(slog.DiscardHandler))
	r.SetVersion(r.version)
	r.lead(0, r.epoch, r.log)
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

// settle waits until everything that was asked for, and what followed from it, has been decided, and is durable
// unless the log is held.
func (r *rig) settle() {
	for range 3 { // an event, what follows when it is durable, and what that writes
		decided := make(chan struct{})
		f := coordinator.Decide(r.runtime, 0, "", func(*machine, *coordinator.Tx) (struct{}, error) {
			close(decided)
			return struct{}{}, nil
		})
		if r.held {
			<-decided
			continue
		}
		<-f.Done()
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
