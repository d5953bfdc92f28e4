package checker

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The anomalies that CheckShared finds.
const (
	CameAgain     = "came-again"      // a record was delivered after it was settled
	SettledTwice  = "settled-twice"   // two ends of one record are certain
	NeverSettled  = "never-settled"   // the group is done with a record that nobody accepted and that has no dead letter
	LockLost      = "lock-lost"       // a verdict was refused, though the record was held
	HeldByTwo     = "held-by-two"     // a record was delivered while another member held it
	CountWentBack = "count-went-back" // a delivery does not count one that was told before
	CountTooHigh  = "count-too-high"  // or counts some that never were
	TooEarly      = "too-early"       // delivered before its time, or before its wait was over
	Outlived      = "outlived"        // delivered, though its time to live was over when it was asked for
	NotWanted     = "not-wanted"      // delivered or dead, though the group's filter does not match or the topic has no such record
	OutOfOrder    = "out-of-order"    // delivered before an earlier record of its key was settled
	LetterTwice   = "letter-twice"    // a record has two dead letters
	LetterMissing = "letter-missing"  // a record was certainly rejected and has none
	LetterWrong   = "letter-wrong"    // a dead letter says what did not happen
)

// CheckShared judges what a share group made of a topic.
func CheckShared(s *Shared) *Report {
	r := newReport()
	r.Ops, r.Read = len(s.Takes)+len(s.Deliveries), len(s.Deliveries)
	of := map[Place][]*Delivery{}
	for _, d := range s.Deliveries {
		of[d.Place] = append(of[d.Place], d)
	}
	letters := map[Place][]Letter{}
	for _, l := range s.Letters {
		letters[l.Place] = append(letters[l.Place], l)
	}
	for at, ds := range of {
		slices.SortFunc(ds, func(a, b *Delivery) int { return cmp.Compare(a.Arrived, b.Arrived) })
		if s.Records[at] == nil {
			r.found(NotWanted, "%v was delivered and is not in the topic", at)
		}
	}
	for at := range letters {
		if s.Records[at] == nil {
			r.found(NotWanted, "%v has a dead letter and is not in the topic", at)
		}
	}
	for at, job := range s.Records {
		c := &judged{s, r, at, job, of[at], letters[at]}
		c.times()
		c.pairs()
		c.counts()
		c.end()
	}
	if s.ByKey {
		checkKeys(s, r, of, letters)
	}
	return r
}

// judged is one record under judgment.
type judged struct {
	s          *Shared
	r          *Report
	at         Place
	job        *Job
	deliveries []*Delivery // by Arrived
	letters    []Letter
}

// killed says that the broker was killed between two times.
func (s *Shared) killed(from, to int64) bool {
	return slices.ContainsFunc(s.Kills, func(gone int64) bool { return from <= gone && gone <= to })
}

// certain says that the verdict of d counts: it was answered well while the member held the record. Later the answer is the same when
// another has settled the record and all before it are settled too.
func (s *Shared) certain(d *Delivery) bool {
	return d.Verdict != Held && d.Outcome == OK && d.Ended/ms < s.until(d)/ms && !s.killed(d.Began, d.Ended)
}

// after says that d was decided after the verdict of e, which is certain. An answer may come late: from before a kill, or, if it
// counts fewer deliveries, from before e.
func (s *Shared) after(d, e *Delivery) bool {
	return d != e && d.Arrived > e.Ended && (d.Began > e.Ended || d.Count > e.Count && !s.killed(d.Began, e.Ended))
}

// found tells of an anomaly, with all that is known of the record.
func (c *judged) found(anomaly, format string, args ...any) {
	var b strings.Builder
	fmt.Fprintf(&b, format, args...)
	zero := int64(0)
	if len(c.deliveries) > 0 {
		zero = c.deliveries[0].Began
	}
	at := func(t int64) string {
		if t == 0 {
			return "-"
		}
		return fmt.Sprintf("%.1f", float64(t-zero)/ms)
	}
	fmt.Fprintf(&b, "\n    not before %s, expires %s; in ms:", at(c.job.NotBefore), at(c.job.Expires))
	for _, d := range c.deliveries {
		fmt.Fprintf(&b, "\n    delivery %d %s to %s, held until %s, cut %s", d.Count, at(d.Began), at(d.Arrived), at(c.s.until(d)), at(d.Gone))
		if d.Verdict != Held {
			fmt.Fprintf(&b, "; %v for %d %s to %s: %v", d.Verdict, d.Wait/ms, at(d.Asked), at(d.Ended), d.Outcome)
		}
	}
	for _, l := range c.letters {
		fmt.Fprintf(&b, "\n    dead letter %s: %v, delivery %d", at(l.Written), l.Cause, l.Count)
	}
	if n := len(c.deliveries); n > 0 {
		for _, gone := range c.s.Kills {
			if gone > zero && gone < c.deliveries[n-1].Arrived {
				fmt.Fprintf(&b, "\n    killed %s", at(gone))
			}
		}
	}
	c.r.found(anomaly, "%s", &b)
}

// until is when the lock of a delivery ends, at the earliest.
func (s *Shared) until(d *Delivery) int64 {
	if d.Until > 0 {
		return d.Until
	}
	return d.Began + s.Lock
}

// times holds deliveries against what was asked for the record.
func (c *judged) times() {
	for _, d := range c.deliveries {
		switch {
		case c.job.Unwanted:
			c.found(NotWanted, "%v was delivered and does not match", c.at)
		case d.Arrived < c.job.NotBefore:
			c.found(TooEarly, "%v came %d ms before its time", c.at, (c.job.NotBefore-d.Arrived)/ms)
		case c.job.Expires > 0 && d.Began >= c.job.Expires:
			c.found(Outlived, "%v was asked for %d ms after its time to live", c.at, (d.Began-c.job.Expires)/ms)
		case d.Verdict != Held && d.Outcome == Failed && d.Ended/ms < c.s.until(d)/ms && !c.s.killed(d.Began, d.Ended):
			c.found(LockLost, "%v was refused %d ms before the lock of delivery %d ended", c.at, (c.s.until(d)-d.Ended)/ms, d.Count)
		}
	}
}

const ms = 1_000_000

// pairs holds deliveries of a record against each other.
func (c *judged) pairs() {
	for _, e := range c.deliveries {
		for _, d := range c.deliveries {
			if d == e {
				continue
			}
			if d.Began > e.Arrived && d.Count < e.Count {
				c.found(CountWentBack, "%v came as delivery %d and then as delivery %d", c.at, e.Count, d.Count)
			}
			if c.s.certain(e) && c.s.after(d, e) {
				c.follows(d, e)
			}
			if d.Count >= e.Count && !c.s.killed(min(d.Began, e.Began), max(d.Arrived, e.Arrived)) {
				c.sameLife(d, e)
			}
		}
	}
}

// follows judges a delivery that came after what is certain of another.
func (c *judged) follows(d, e *Delivery) {
	switch {
	case e.settles():
		c.found(CameAgain, "%v was %v at delivery %d and came again as delivery %d, %d ms later", c.at, e.Verdict, e.Count, d.Count,
			(d.Arrived-e.Ended)/ms)
	case e.Verdict == Released && d.Count <= e.Count:
		c.found(CountWentBack, "%v was released at delivery %d and came as delivery %d", c.at, e.Count, d.Count)
	case e.Verdict == Released && d.Arrived/ms < e.Asked/ms+e.Wait/ms:
		c.found(TooEarly, "%v was released for %d ms and came after %d", c.at, e.Wait/ms, (d.Arrived-e.Asked)/ms)
	}
}

// sameLife judges d, which the broker decided in the same life as e, and not before it.
func (c *judged) sameLife(d, e *Delivery) {
	if d.Count == e.Count {
		c.found(CountWentBack, "%v came twice as delivery %d of one life of the broker", c.at, d.Count)
		return
	}
	until := c.s.until(e)
	given := e.Verdict != Held && e.Asked < d.Arrived || e.Gone > 0 && e.Gone < d.Arrived
	if !given && d.Arrived/ms < until/ms {
		c.found(HeldByTwo, "%v came as delivery %d, %d ms before the lock of delivery %d ended", c.at, d.Count, (until-d.Arrived)/ms, e.Count)
	}
}

// counts holds the numbers that deliveries have against how many there can have been.
func (c *judged) counts() {
	for _, d := range c.deliveries {
		seen, unseen := 0, 0
		for _, e := range c.deliveries {
			if e.Count < d.Count {
				seen++
			}
		}
		for _, t := range c.s.Takes {
			if t.Began < d.Arrived && t.Ended > c.job.Written {
				unseen++
			}
		}
		if d.Count < 1 || d.Count > c.s.Limit || d.Count > 1+seen+unseen {
			c.found(CountTooHigh, "%v came as delivery %d; %d were seen before, %d may have been lost, %d are allowed", c.at, d.Count, seen,
				unseen, c.s.Limit)
		}
	}
}

// maybe says that the verdict of d may be what ended its record: it was not refused, and nobody got the record after.
func (c *judged) maybe(d *Delivery) bool {
	return d.settles() && d.Outcome != Failed && (c.s.certain(d) ||
		!slices.ContainsFunc(c.deliveries, func(later *Delivery) bool { return later.Began > d.Arrived }))
}

// end judges what became of the record at last.
func (c *judged) end() {
	certain, accepted, rejected := 0, false, false
	for _, d := range c.deliveries {
		if d.settles() && c.s.certain(d) {
			certain++
			rejected = rejected || d.Verdict == Rejected
		}
		accepted = accepted || d.Verdict == Accepted && c.maybe(d)
	}
	switch n := len(c.letters); {
	case c.job.Unwanted:
		if n > 0 {
			c.found(NotWanted, "%v does not match and has a dead letter", c.at)
		}
	case n > 1:
		c.found(LetterTwice, "%v has %d dead letters", c.at, n)
	case certain > 1 || certain == 1 && !rejected && n > 0:
		c.found(SettledTwice, "%v was settled %d times, and has %d dead letters", c.at, certain, n)
	case rejected && n == 0:
		c.found(LetterMissing, "%v was rejected and has no dead letter", c.at)
	case n == 0 && !accepted:
		c.found(NeverSettled, "%v was delivered %d times, not accepted, and is gone", c.at, len(c.deliveries))
	case n == 1:
		l := &c.letters[0]
		if why := c.wrong(l); why != "" {
			c.found(LetterWrong, "%v has a dead letter (%v, delivery %d): %s", c.at, l.Cause, l.Count, why)
		} else if rejected && l.Cause != ByReject {
			c.found(LetterWrong, "%v was rejected and has a dead letter for another cause (%v)", c.at, l.Cause)
		}
	}
}

// wrong is what a dead letter says that did not happen.
func (c *judged) wrong(l *Letter) string {
	most := 0
	for _, d := range c.deliveries {
		most = max(most, d.Count)
	}
	switch l.Cause {
	case ByReject:
		if !slices.ContainsFunc(c.deliveries, func(d *Delivery) bool {
			return d.Verdict == Rejected && d.Count == l.Count && c.maybe(d)
		}) {
			return "nobody rejected that"
		}
	case ByLimit:
		if l.Count != c.s.Limit {
			return "more were allowed"
		}
		if most < l.Count && len(c.s.Takes) == 0 {
			return "there were not so many"
		}
	case ByTime:
		if c.job.Expires == 0 || l.Written < c.job.Expires/ms*ms {
			return "it had time"
		}
		if l.Count < most-1 {
			return "there were more"
		}
	default:
		return "no cause is known"
	}
	return ""
}
