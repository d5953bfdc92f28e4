package log

import (
	"math/rand/v2"
	"slices"
	"testing"

	"weir/record"
)

// TestReadCommittedTellsWhatItReturns reads a log of thousands of aborted transactions in small pieces, as a read_committed
// consumer does. Every piece comes with the transactions that overlap it, and not with those of the rest of the log.
func TestReadCommittedTellsWhatItReturns(t *testing.T) {
	for name, edit := range map[string]func(*Config){
		"one segment":   func(*Config) {},
		"many segments": func(c *Config) { c.SegmentBytes = 32 << 10 },
		"compressed":    func(c *Config) { c.SegmentBytes, c.CompressSegments = 32<<10, true },
	} {
		t.Run(name, func(t *testing.T) {
			c := DefaultConfig()
			edit(&c)
			r := newFastRig(t, c)
			want := fillAborted(r)
			if c.SegmentBytes < 1<<20 {
				r.seal()
				r.settleForms()
			}
			got, most := readPieces(r, 1000)
			if !slices.Equal(got, want) {
				t.Errorf("%d records seen, want %d", len(got), len(want))
			}
			// An index entry stands for each 4 KiB, about 50 batches, of which 20 end a transaction.
			if most > 60 {
				t.Errorf("a piece of 1000 bytes came with %d aborted transactions", most)
			}
			t.Logf("most aborted transactions with one piece: %d", most)
		})
	}
}

// fillAborted writes 5,000 transactions of four producers at a time, most of them aborted, and one that spans all. It
// gives the offsets of committed records.
func fillAborted(r *rig) (committed []int64) {
	r.Helper()
	random := rand.New(rand.NewPCG(7, 7))
	const all, spanning = 5000, 99
	seq, open := map[int64]int32{}, map[int64][]int64{}
	write := func(pid int64) {
		a := r.append(transactional(pid, 0, seq[pid], 1, r.nowMs()))
		seq[pid]++
		open[pid] = append(open[pid], a.BaseOffset)
	}
	write(spanning)
	for n := 0; n < all; {
		pid := int64(random.IntN(4))
		switch {
		case len(open[pid]) == 0 || random.IntN(3) == 0:
			write(pid)
		case random.IntN(5) == 0:
			r.append(end(record.ControlCommit, pid, 0, 1, r.nowMs()))
			committed = append(committed, open[pid]...)
			open[pid], n = nil, n+1
		default:
			r.append(end(record.ControlAbort, pid, 0, 1, r.nowMs()))
			open[pid], n = nil, n+1
		}
	}
	for _, pid := range []int64{0, 1, 2, 3, spanning} {
		if len(open[pid]) > 0 {
			r.append(end(record.ControlAbort, pid, 0, 1, r.nowMs()))
		}
	}
	slices.Sort(committed)
	return committed
}

// readPieces gives the offsets that a consumer of committed records sees, and the most aborted transactions with one
// piece. As clients do, it goes by what comes with the piece alone.
func readPieces(r *rig, maxBytes int) (seen []int64, most int) {
	r.Helper()
	end := r.l.LastStable(r.l.EndOffset())
	for at := r.l.StartOffset(); at < end; {
		pieces, aborted, err := r.l.ReadCommitted(at, end, maxBytes, true)
		must(r, err)
		most = max(most, len(aborted))
		slices.SortFunc(aborted, func(a, b AbortedTxn) int { return int(a.FirstOffset - b.FirstOffset) })
		next := at
		dropping := map[int64]bool{}
		var whole []record.Batch
		for _, piece := range pieces {
			some, err := parse(piece)
			must(r, err)
			whole = append(whole, some...)
		}
		for _, b := range whole {
			for len(aborted) > 0 && aborted[0].FirstOffset <= b.LastOffset() {
				dropping[aborted[0].ProducerID] = true
				aborted = aborted[1:]
			}
			switch {
			case b.IsControl():
				delete(dropping, b.ProducerID)
			case !dropping[b.ProducerID]:
				seen = append(seen, b.BaseOffset)
			}
			next = b.LastOffset() + 1
		}
		release(pieces)
		if next == at {
			r.Fatalf("nothing whole at %d", at)
		}
		at = next
	}
	return seen, most
}
