package checker

import (
	"fmt"
	"slices"
	"strings"
)

// The anomalies that Check finds.
const (
	InconsistentOffsets = "inconsistent-offsets" // an offset has two different values
	Duplicate           = "duplicate"            // a value is at two offsets
	LostWrite           = "lost-write"           // acknowledged, not read, though what came later was read
	Unseen              = "unseen"               // acknowledged and never read, after the final polls
	AbortedRead         = "aborted-read"         // read, though its send certainly failed
	PollSkip            = "poll-skip"            // a process polled past a record
	NonmonotonicPoll    = "nonmonotonic-poll"    // a process polled a record again, or an earlier one
	NonmonotonicSend    = "nonmonotonic-send"    // a process's later send has the earlier offset
	CommitWentBack      = "commit-went-back"     // a committed offset is below one acknowledged before
	UnknownCommit       = "unknown-commit"       // a committed offset that nobody committed
	PrecommittedRead    = "precommitted-read"    // a transaction polled what it had sent itself
	CircularFlow        = "g1c"                  // transactions polled what the others sent, in a circle (Adya's G1c)
	ProcessedTwice      = "processed-twice"      // two records that count were made of one
	NeverProcessed      = "never-processed"      // nothing was made of a record, though all were worked off
)

// shown is how many cases of an anomaly a report spells out.
const shown = 8

// Report is what Check found.
type Report struct {
	Counts map[string]int      // cases by anomaly
	Cases  map[string][]string // the first cases, in words
	Ops    int
	Acked  int // sends that were acknowledged
	Read   int // records that polls returned
}

func newReport() *Report { return &Report{Counts: map[string]int{}, Cases: map[string][]string{}} }

func (r *Report) found(anomaly, format string, args ...any) {
	r.Counts[anomaly]++
	if len(r.Cases[anomaly]) < shown {
		r.Cases[anomaly] = append(r.Cases[anomaly], fmt.Sprintf(format, args...))
	}
}

// OK says that there was no anomaly but those that are allowed.
func (r *Report) OK(allowed ...string) bool {
	for anomaly := range r.Counts {
		if !slices.Contains(allowed, anomaly) {
			return false
		}
	}
	return true
}

// String has a line of totals and the first cases of every anomaly.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d operations, %d records acknowledged, %d read", r.Ops, r.Acked, r.Read)
	names := make([]string, 0, len(r.Counts))
	for name := range r.Counts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "\n%s: %d", name, r.Counts[name])
		for _, c := range r.Cases[name] {
			fmt.Fprintf(&b, "\n  %s", c)
		}
	}
	return b.String()
}
