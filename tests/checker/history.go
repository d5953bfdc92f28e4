// Package checker judges histories of what clients of a partitioned log did and saw: whether anything
// acknowledged was lost, anything came twice, an offset changed its record, an order broke, or a committed
// offset went back, and whether transactions were all or nothing. The anomalies are those of Jepsen's Kafka workload, and some of our
// own: for committed offsets, and for records that are made of others exactly once.
//
// Values are unique per key (a key is one partition): whoever makes a history sends each value once, above
// the retries of its client. Checks are linear in the number of operations and records.
package checker

import "sync"

// Outcome is what a client knows about its operation.
type Outcome int8

// The three outcomes. Only what was certainly not done is Failed; a timeout or a lost connection is Unknown.
const (
	OK Outcome = iota
	Failed
	Unknown
)

func (o Outcome) String() string { return [...]string{"ok", "fail", "info"}[o] }

// Kind is what an operation does.
type Kind int8

// The kinds of operation.
const (
	Send      Kind = iota // one record to Key; Offset is -1 when it is not known
	Poll                  // Records were returned, of any keys
	Assign                // the process gave up what it polled: the order of its polls begins anew
	Commit                // Group commits Offset for Key
	Committed             // Group's committed offset for Key is asked for; Offset is the answer, -1 for none
	End                   // Txn ends: OK it was committed, Failed it was aborted or never asked to be committed
)

// Op is one operation of one process. Began and Ended are on one clock for the whole history; an operation
// that never ended has Ended 0 and Outcome Unknown.
type Op struct {
	Process      int
	Kind         Kind
	Outcome      Outcome
	Began, Ended int64
	Key          string
	Value        string
	Offset       int64
	Group        string
	Records      []Record // of a Poll
	// Txn names the transaction of a Send, a Poll or an End; "" for none. What was sent in it counts by its End, and
	// one without an End was never asked to be committed.
	Txn string
	// From names what a Send's record was made of, in a transaction that also commits that this was worked off; "" for
	// nothing.
	From string
}

// Record is one record that a poll returned.
type Record struct {
	Key    string
	Offset int64
	Value  string
}

// History collects operations of many goroutines. The operations of one process are added in their order.
type History struct {
	mu  sync.Mutex // guards ops
	ops []Op
}

// Add appends operations.
func (h *History) Add(ops ...Op) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, ops...)
}

// Ops returns what was added so far; the caller must not change it.
func (h *History) Ops() []Op {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ops[:len(h.ops):len(h.ops)]
}
