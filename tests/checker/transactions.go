package checker

import (
	"cmp"
	"slices"
)

// settle gives the operations with every send of a transaction judged by the transaction's end. One whose end is unknown
// was committed if anything of it was polled: then all of it must be there.
func settle(ops []Op) []Op {
	outcomes, seen := map[string]Outcome{}, map[Record]bool{}
	for i := range ops {
		switch op := &ops[i]; op.Kind {
		case Send:
			if _, ended := outcomes[op.Txn]; op.Txn != "" && !ended {
				outcomes[op.Txn] = Failed
			}
		case End:
			outcomes[op.Txn] = op.Outcome
		case Poll:
			for _, r := range op.Records {
				seen[Record{Key: r.Key, Value: r.Value}] = true
			}
		}
	}
	for i := range ops {
		op := &ops[i]
		if op.Kind == Send && outcomes[op.Txn] == Unknown && seen[Record{Key: op.Key, Value: op.Value}] {
			outcomes[op.Txn] = OK
		}
	}
	settled := slices.Clone(ops)
	for i := range settled {
		op := &settled[i]
		if op.Kind != Send || op.Txn == "" {
			continue
		}
		if end := outcomes[op.Txn]; end != OK {
			op.Outcome = end
		}
	}
	return settled
}

// checkTransactions finds what transactions must not see of each other. The sends are settled.
func checkTransactions(r *Report, ops []Op) {
	senders := map[Record]string{}
	for i := range ops {
		if op := &ops[i]; op.Kind == Send && op.Txn != "" {
			senders[Record{Key: op.Key, Value: op.Value}] = op.Txn
		}
	}
	flow := map[string][]string{} // from a transaction to those that polled what it sent
	for i := range ops {
		op := &ops[i]
		if op.Kind != Poll || op.Txn == "" {
			continue
		}
		for _, rec := range op.Records {
			switch from := senders[Record{Key: rec.Key, Value: rec.Value}]; from {
			case "":
			case op.Txn:
				r.found(PrecommittedRead, "%s: transaction %s polled its own %q", rec.Key, op.Txn, rec.Value)
			default:
				flow[from] = append(flow[from], op.Txn)
			}
		}
	}
	for _, circle := range circles(flow) {
		r.found(CircularFlow, "transactions %v polled what the others sent", circle)
	}
	checkProcessed(r, ops)
}

// checkProcessed finds records of which two were made that count.
func checkProcessed(r *Report, ops []Op) {
	made := map[string]*Op{}
	for i := range ops {
		op := &ops[i]
		if op.Kind != Send || op.From == "" || op.Outcome != OK {
			continue
		}
		if first := made[op.From]; first != nil {
			r.found(ProcessedTwice, "%s: of it were made %q in transaction %s and %q in %s", op.From, first.Value, first.Txn,
				op.Value, op.Txn)
			continue
		}
		made[op.From] = op
	}
}

// Processed finds polled records of which nothing was made, among those that name says should have been: it gives what a
// Send's From would be, "" for others. It is for histories at whose end everything had been worked off.
func (r *Report) Processed(h *History, name func(Record) string) {
	ops := settle(h.Ops())
	made, told := map[string]bool{}, map[string]bool{}
	for i := range ops {
		if op := &ops[i]; op.Kind == Send && op.From != "" && op.Outcome != Failed {
			made[op.From] = true
		}
	}
	for i := range ops {
		for _, rec := range ops[i].Records {
			if from := name(rec); from != "" && !made[from] && !told[from] {
				told[from] = true
				r.found(NeverProcessed, "%s offset %d: %q", rec.Key, rec.Offset, rec.Value)
			}
		}
	}
}

// circles finds the strongly connected components of more than one transaction (Tarjan), each sorted.
func circles(flow map[string][]string) [][]string {
	t := tarjan{flow: flow, index: map[string]int{}, low: map[string]int{}, on: map[string]bool{}}
	for txn := range flow {
		if _, ok := t.index[txn]; !ok {
			t.visit(txn)
		}
	}
	slices.SortFunc(t.found, func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	return t.found
}

type tarjan struct {
	flow       map[string][]string
	index, low map[string]int
	on         map[string]bool
	stack      []string
	found      [][]string
}

func (t *tarjan) visit(v string) {
	t.index[v], t.low[v] = len(t.index), len(t.index)
	t.stack, t.on[v] = append(t.stack, v), true
	for _, w := range t.flow[v] {
		if _, ok := t.index[w]; !ok {
			t.visit(w)
			t.low[v] = min(t.low[v], t.low[w])
		} else if t.on[w] {
			t.low[v] = min(t.low[v], t.index[w])
		}
	}
	if t.low[v] != t.index[v] {
		return
	}
	at := slices.Index(t.stack, v)
	component := slices.Clone(t.stack[at:])
	for _, w := range component {
		t.on[w] = false
	}
	if t.stack = t.stack[:at]; len(component) > 1 {
		slices.Sort(component)
		t.found = append(t.found, component)
	}
}
