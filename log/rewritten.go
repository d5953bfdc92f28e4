package log

import (
	"errors"
	"fmt"
	"math"

	"weir/index"
	"weir/record"
	"weir/segment"
)

// rewritten is what stays of a run of segments, in new ones that nobody knows of yet.
type rewritten struct {
	l        *Log
	base     int64
	limit    int   // bytes gathered for one write
	most     int64 // bytes that a segment may hold
	segments int   // so many old ones went in
	made     []*segment.Segment
	raw      []byte
	headers  []record.Header
	bytes    int64
	changed  bool
}

// add adds what stays of a batch.
func (r *rewritten) add(from *record.Batch, b record.Batch) error {
	r.changed = r.changed || len(b.Raw) == 0 || &b.Raw[0] != &from.Raw[0]
	if len(b.Raw) == 0 {
		return nil
	}
	size := int64(len(b.Raw))
	if n := len(r.made); n == 0 || r.made[n-1].Size()+int64(len(r.raw))+size > r.most ||
		b.LastOffset()-r.made[n-1].BaseOffset() > math.MaxInt32 {
		if err := r.begin(b.BaseOffset); err != nil {
			return err
		}
	}
	if len(r.raw)+len(b.Raw) > r.limit {
		if err := r.flush(); err != nil {
			return err
		}
	}
	r.raw, r.headers = append(r.raw, b.Raw...), append(r.headers, b.Header)
	r.bytes += size
	return nil
}

// keepAborted keeps the entry of the aborted transaction whose marker is at an offset, if there is one; it returns the
// entries after it.
func (r *rewritten) keepAborted(entries []index.AbortedTxn, marker int64) ([]index.AbortedTxn, error) {
	for len(entries) > 0 && entries[0].LastOffset <= marker {
		e := entries[0]
		entries = entries[1:]
		if e.LastOffset == marker {
			if err := r.flush(); err != nil {
				return nil, err
			}
			return entries, r.made[len(r.made)-1].TxnIndex().Append(e)
		}
	}
	return entries, nil
}

// begin makes the next segment. There is more than one only when batches grew by being compressed again.
func (r *rewritten) begin(offset int64) error {
	if err := r.flush(); err != nil {
		return err
	}
	if len(r.made) == 0 {
		offset = r.base
	}
	c := r.l.segmentConfig()
	c.Preallocate, c.Contiguous, c.NoGaps = 0, false, false
	seg, err := segment.CreateAside(r.l.fs, r.l.path, offset, cleanedSuffix, c)
	if err != nil {
		return err
	}
	r.made = append(r.made, seg)
	return nil
}

func (r *rewritten) flush() error {
	if len(r.raw) == 0 {
		return nil
	}
	err := r.made[len(r.made)-1].AppendRun(r.raw, r.headers)
	r.raw, r.headers = r.raw[:0], r.headers[:0]
	return err
}

// finish makes the new segments durable.
func (r *rewritten) finish() error {
	if err := r.flush(); err != nil || mutantSwapUnsynced {
		return err
	}
	for _, seg := range r.made {
		if err := seg.Seal(); err != nil {
			return err
		}
	}
	return nil
}

// errLeftover says that files of a pass which was given up could not be removed. A start would take finished files at or
// past them for unfinished ones: until then the log is not compacted.
var errLeftover = errors.New("a file of an unfinished compaction could not be removed")

// discard removes what was written.
func (r *rewritten) discard() error {
	var errs []error
	for _, seg := range r.made {
		errs = append(errs, seg.Remove())
		seg.Retire()
	}
	r.made = nil
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%w: %w", errLeftover, err)
	}
	return nil
}
