package coordinator

import (
	"testing"

	"weir/log"
	"weir/record"
)

// marker writes the end of a producer's transaction, as its coordinator does.
func marker(l *MemoryLog, producerID int64, kind record.ControlType) {
	b := record.ControlBatch(kind, producerID, 0, 0, 0)
	l.Append(&b, log.Guard{})
}

func TestTransactionsCountWhenCommitted(t *testing.T) {
	r := start(t, Config{}, NewMemoryLog())
	r.want(r.setPending(1, "committed", "1"), "")
	r.want(r.setPending(2, "aborted", "2"), "")
	r.want(r.setPending(3, "open", "3"), "")
	r.want(r.all(), "map[]")
	marker(r.log, 2, record.ControlAbort)
	marker(r.log, 1, record.ControlCommit)
	r.want(r.all(), "map[committed:1]")
	r.Resign(0)
	r = start(t, Config{}, r.log)
	r.want(r.all(), "map[committed:1]")
	marker(r.log, 3, record.ControlCommit)
	r.want(r.all(), "map[committed:1 open:3]")
	r.want(r.setPending(3, "open", "4"), "3") // a marker ends one transaction, not the next
	marker(r.log, 3, record.ControlAbort)
	r.want(r.all(), "map[committed:1 open:3]")
}

// A marker counts when it is durable, also if it lies between what the shard writes, and without anybody asking.
func TestMarkersAreMetWhenDurable(t *testing.T) {
	r := start(t, Config{}, NewMemoryLog())
	r.want(r.setPending(1, "a", "1"), "")
	r.want(r.setPending(2, "b", "2"), "")
	r.log.Hold()
	marker(r.log, 1, record.ControlCommit)
	before := r.set("x", "1")
	marker(r.log, 2, record.ControlCommit)
	r.settled()
	seen := make(chan struct{})
	Decide(r.Runtime, 0, "", func(m *counters, _ *Tx) (string, error) {
		if len(m.numbers) != 1 || len(m.pending) != 2 {
			t.Errorf("numbers %v, pending %v before anything was durable", m.numbers, m.pending)
		}
		m.ended = func() {
			if len(m.pending) == 0 {
				close(seen)
			}
		}
		return "", nil
	})
	r.settled()
	r.log.Release()
	<-seen
	r.want(before, "")
	r.want(r.all(), "map[a:1 b:2 x:1]")
}

// Of several markers in a row some may be durable before the others: a producer whose own is may go on with its next
// transaction, which the marker does not end.
func TestMarkersBecomeDurableOneByOne(t *testing.T) {
	for _, kind := range []record.ControlType{record.ControlCommit, record.ControlAbort} {
		r := start(t, Config{}, NewMemoryLog())
		r.want(r.setPending(1, "a", "1"), "")
		r.want(r.setPending(2, "b", "1"), "")
		r.log.Hold()
		marker(r.log, 1, kind) // at offset 2
		marker(r.log, 2, record.ControlAbort)
		behind := r.set("x", "1")
		r.settled()
		r.log.ReleaseTo(3)
		next := r.setPending(1, "a", "2")
		r.settled()
		r.log.Release()
		before := map[record.ControlType]string{record.ControlCommit: "1"}[kind]
		r.want(behind, "")
		r.want(next, before)
		r.want(r.get("a"), before)
		marker(r.log, 1, record.ControlCommit)
		r.want(r.all(), "map[a:2 x:1]")
	}
}

// A transaction may end that wrote nothing here though it might have: its marker does not end what comes after it.
func TestMarkerBeforeTheTransaction(t *testing.T) {
	r := start(t, Config{}, NewMemoryLog())
	marker(r.log, 1, record.ControlAbort)
	r.want(r.setPending(1, "a", "1"), "")
	marker(r.log, 2, record.ControlAbort)
	r.want(r.setPending(2, "b", "1"), "")
	r.want(r.all(), "map[]")
	marker(r.log, 1, record.ControlCommit)
	marker(r.log, 2, record.ControlCommit)
	r.want(r.all(), "map[a:1 b:1]")
}

// What a log refuses of a transaction is undone and told to the one who asked; the shard goes on.
func TestRefusedTransaction(t *testing.T) {
	r := start(t, Config{}, NewMemoryLog())
	r.want(r.set("a", "1"), "")
	r.log.Refuse(ErrRefused)
	r.wantErr(r.setPending(1, "a", "2"), ErrRefused)
	r.log.Refuse(nil)
	r.want(r.setPending(1, "b", "3"), "")
	marker(r.log, 1, record.ControlCommit)
	r.want(r.all(), "map[a:1 b:3]")
}
