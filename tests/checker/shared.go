package checker

// Verdict is what a member of a share group says of a record that it was given.
type Verdict int8

// The verdicts.
const (
	Held     Verdict = iota // it says nothing
	Accepted                // it is done
	Released                // it is to be delivered again
	Rejected                // it is given up
)

func (v Verdict) String() string {
	return [...]string{"held", "accepted", "released", "rejected"}[v]
}

// Place is where a record stands in a topic.
type Place struct {
	Partition int32
	Offset    int64
}

// Shared is the history of one topic in one share group, from its first record until all were settled. Times are ns since the Unix epoch.
type Shared struct {
	Records    map[Place]*Job
	Deliveries []*Delivery
	Letters    []Letter
	Takes      []Take
	Kills      []int64 // when the broker was gone, before it was started again

	Limit int   // how often a record is delivered
	ByKey bool  // of one key one record at a time, in order
	Lock  int64 // for how long a record is held that nobody settles
}

// Job is a record of the topic, and what was asked for it.
type Job struct {
	Key       string
	Written   int64 // when it was written, about: not later
	Unwanted  bool  // the group's filter does not match
	NotBefore int64 // 0 for at once
	Expires   int64 // 0 for never
}

// Delivery is one record given to one member, and what that made of it.
type Delivery struct {
	Place
	Count          int   // that the broker told
	Began, Arrived int64 // the request, and its answer
	Verdict        Verdict
	Asked, Ended   int64   // when the verdict was sent, and when that was answered or given up
	Outcome        Outcome // Unknown: it may count or not; Failed: it certainly does not
	Wait           int64   // of a release: not delivered again so soon
	Until          int64   // it is held until then at least; 0 for Began and the lock
	Gone           int64   // when the member's connection, which it held the record by, was cut; 0 if it was not
}

// settles says that nobody may get the record after the verdict.
func (d *Delivery) settles() bool { return d.Verdict == Accepted || d.Verdict == Rejected }

// Letter is a dead letter.
type Letter struct {
	Place
	Count   int
	Cause   Cause
	Written int64
}

// Cause is why there is a dead letter.
type Cause int8

// The causes.
const (
	ByReject Cause = iota + 1
	ByLimit
	ByTime
)

func (c Cause) String() string { return [...]string{"no cause", "rejected", "limit", "expired"}[c] }

// Take is a time in which a member may have been given records that it never saw.
type Take struct{ Began, Ended int64 }
