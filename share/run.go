package share

// State is that of a record in a share partition (Kafka's RecordState).
type State int8

// The states. Acquired and archiving are never written: a record that has them is written as available.
const (
	StateAvailable    State = 0
	StateAcquired     State = 1
	StateAcknowledged State = 2
	StateArchiving    State = 3 // its dead letter is being written
	StateArchived     State = 4
)

// settled says that the record is done with.
func (s State) settled() bool { return s == StateAcknowledged || s == StateArchived }

// run is neighbouring offsets in one state, delivered equally often. A share partition keeps runs, not records.
type run struct {
	first, last int64
	state       State
	count       int16   // deliveries
	flight      *flight // that it was first taken in; nil before, and once settled
	detail      *detail // never changed, only replaced; nil once settled and for what a start knows only from the state
}

func (r *run) records() int { return int(r.last - r.first + 1) }

// detail is what else is known of a run that is not settled.
type detail struct {
	note
	batch  int64  // last offset of the record batch that it came in; ofItsOwn where each record came in one of its own
	size   int32  // bytes of one record, about
	due    int64  // ms; not available before
	far    bool   // what else is known is not: from due on the log is to be looked at again
	member string // who acquired it
	until  int64  // ms; when the lock ends
	cause  Cause  // why it is being archived
	letter *letter
	// writing says that it was released and that this is not durable yet: only then others may have it.
	writing bool
}

// ofItsOwn stands for the record batches of records of which each has one.
const ofItsOwn = -1

// letter is where a dead letter goes, and where the partition of that topic ended when that was decided: from there on it is
// looked for before it is written.
type letter struct {
	topic string
	from  int64
	whole bool // it has key, value and headers of the record
}

// note is what a record's headers and key say.
type note struct {
	priority int8
	key      uint64 // a hash of the key where records of one key go one after the other, else 0
	expires  int64  // ms; 0 for never
}

// Cause is why a record was given up.
type Cause int8

// The causes.
const (
	Rejected   Cause = 1
	Exhausted  Cause = 2 // delivered as often as the group allows
	TimeToLive Cause = 3
)

// alike says that neighbours may be one run.
func (r *run) alike(s *run) bool {
	if r.state != s.state || r.count != s.count || r.last+1 != s.first || r.flight != s.flight {
		return false
	}
	switch {
	case r.detail == s.detail:
		return true
	case r.detail == nil || s.detail == nil:
		return false
	}
	return r.detail.key == 0 && *r.detail == *s.detail
}

// with is a copy of the run's detail for change to alter.
func (r *run) with(change func(d *detail)) *detail {
	d := detail{}
	if r.detail != nil {
		d = *r.detail
	}
	change(&d)
	return &d
}
