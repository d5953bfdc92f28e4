package compact

import (
	"slices"

	"weir/record"
)

// Aborted is an aborted transaction, as the transaction index of the segment that holds its marker has it.
type Aborted struct{ ProducerID, First, Last int64 }

// Transactions follows the transactions of a log from its first batch on. It says which batches were aborted, and
// which markers decide nothing any more (CleanedTransactionMetadata.java). The zero value has seen nothing.
type Transactions struct {
	coming []Aborted // of which no batch was met yet, by first offset
	// open are the transactions of which a batch was met, or that are known to be aborted from here on, by producer.
	open map[int64]transaction
}

type transaction struct {
	aborted bool
	met     bool // a batch of it was met, with records or without
}

// Add makes aborted transactions known that overlap what comes next; none twice.
func (t *Transactions) Add(list []Aborted) {
	t.coming = append(t.coming, list...)
	slices.SortFunc(t.coming, func(a, b Aborted) int { return int(min(1, max(-1, a.First-b.First))) })
}

// Data takes a batch of records, and reports whether it was aborted.
func (t *Transactions) Data(h *record.Header) (aborted bool) {
	t.begin(h.LastOffset())
	if !h.IsTransactional() {
		return false
	}
	x := t.open[h.ProducerID]
	x.met = true
	t.put(h.ProducerID, x)
	return x.aborted
}

// Marker takes the end of a producer's transaction, and reports whether a batch of the transaction was met: then the
// marker is needed.
func (t *Transactions) Marker(h *record.Header) (needed bool) {
	t.begin(h.LastOffset())
	needed = t.open[h.ProducerID].met
	delete(t.open, h.ProducerID)
	return needed
}

// begin opens the aborted transactions whose first offset is not past the offset.
func (t *Transactions) begin(offset int64) {
	n := 0
	for n < len(t.coming) && t.coming[n].First <= offset {
		a := t.coming[n]
		n++
		if x := t.open[a.ProducerID]; !x.met {
			x.aborted = true
			t.put(a.ProducerID, x)
		}
	}
	t.coming = t.coming[n:]
}

func (t *Transactions) put(producerID int64, x transaction) {
	if t.open == nil {
		t.open = make(map[int64]transaction)
	}
	t.open[producerID] = x
}
