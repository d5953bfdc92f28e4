package checker

// Check judges a history. Unseen is a verdict only when the history ends with polls that read every key to
// its end.
func Check(h *History) *Report {
	ops := settle(h.Ops())
	r := newReport()
	r.Ops = len(ops)
	all := orders(ops)
	checkTransactions(r, ops)
	checkOffsets(r, all)
	checkSends(r, ops, all)
	checkPolls(r, ops, all)
	checkCommits(r, ops)
	return r
}

// checkOffsets finds offsets with two values and values with two offsets.
func checkOffsets(r *Report, all map[string]*order) {
	for key, o := range all {
		for _, offset := range o.offsets {
			if values := o.at[offset]; len(values) > 1 {
				r.found(InconsistentOffsets, "%s offset %d is %q", key, offset, values)
			}
		}
		for value, offsets := range o.where {
			if len(offsets) > 1 {
				r.found(Duplicate, "%s has %q at offsets %v", key, value, offsets)
			}
		}
	}
}

// readUpTo is the highest index among the first appearances of values that were read, -1 for none.
func (o *order) readUpTo() int {
	bound := -1
	for value := range o.read {
		bound = max(bound, o.index[o.where[value][0]])
	}
	return bound
}

// checkSends looks for what became of every send.
func checkSends(r *Report, ops []Op, all map[string]*order) {
	bounds := map[string]int{}
	for key, o := range all {
		bounds[key] = o.readUpTo()
	}
	last := map[processKey]*Op{}
	for i := range ops {
		op := &ops[i]
		if op.Kind != Send {
			continue
		}
		o := all[op.Key]
		seen := o != nil && o.read[op.Value]
		switch {
		case op.Outcome == Failed && seen:
			r.found(AbortedRead, "%s: %q was read and its send had failed", op.Key, op.Value)
		case op.Outcome == OK:
			r.Acked++
			checkAcked(r, op, o, seen, bounds[op.Key])
			checkSendOrder(r, op, last)
		}
	}
}

func checkAcked(r *Report, op *Op, o *order, seen bool, bound int) {
	if seen {
		return
	}
	r.found(Unseen, "%s: %q was acknowledged at offset %d and never read", op.Key, op.Value, op.Offset)
	if op.Offset < 0 || o == nil {
		return
	}
	offsets := o.where[op.Value]
	if o.index[offsets[len(offsets)-1]] <= bound {
		r.found(LostWrite, "%s: %q was acknowledged at offset %d and not read; what was read goes to offset %d",
			op.Key, op.Value, op.Offset, o.offsets[bound])
	}
}

type processKey struct {
	process int
	key     string
}

func checkSendOrder(r *Report, op *Op, last map[processKey]*Op) {
	if op.Offset < 0 {
		return
	}
	at := processKey{op.Process, op.Key}
	if before := last[at]; before != nil && before.Offset >= op.Offset {
		r.found(NonmonotonicSend, "%s: process %d sent %q to offset %d, then %q to offset %d", op.Key, op.Process,
			before.Value, before.Offset, op.Value, op.Offset)
	}
	last[at] = op
}

// checkPolls follows what each process polled of each key: one record after the other, none left out, none
// twice.
func checkPolls(r *Report, ops []Op, all map[string]*order) {
	last := map[processKey]int64{}
	for i := range ops {
		op := &ops[i]
		switch op.Kind {
		case Assign:
			for at := range last {
				if at.process == op.Process && (op.Key == "" || op.Key == at.key) {
					delete(last, at)
				}
			}
		case Poll:
			r.Read += len(op.Records)
			if op.Outcome != OK {
				continue
			}
			for _, rec := range op.Records {
				checkStep(r, op.Process, rec, all[rec.Key], last)
			}
		}
	}
}

func checkStep(r *Report, process int, rec Record, o *order, last map[processKey]int64) {
	at := processKey{process, rec.Key}
	if before, ok := last[at]; ok {
		switch step := o.index[rec.Offset] - o.index[before]; {
		case step > 1:
			r.found(PollSkip, "%s: process %d went from offset %d to %d, past %q", rec.Key, process, before, rec.Offset,
				o.at[o.offsets[o.index[before]+1]])
		case step < 1:
			r.found(NonmonotonicPoll, "%s: process %d went from offset %d to %d", rec.Key, process, before, rec.Offset)
		}
	}
	last[at] = rec.Offset
}
