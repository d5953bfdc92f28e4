package log

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"weir/segment"
)

// sweepLeftovers deals with the files that a crash may leave in a partition's directory, as Kafka's LogLoader
// does: .deleted, .cleaned and .tmp files go; .swap files are finished compactions or splits and take the
// place of the segments that they cover. It returns the names that are left.
func (l *Log) sweepLeftovers() ([]string, error) {
	names, err := l.fs.List(l.path)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", l.path, err)
	}
	var kept, swaps, doomed []string
	minCleaned := int64(math.MaxInt64)
	for _, name := range names {
		switch {
		case strings.HasSuffix(name, cleanedSuffix):
			if offset, ok := leadingOffset(name); ok {
				minCleaned = min(minCleaned, offset)
			}
			doomed = append(doomed, name)
		case strings.HasSuffix(name, deletedSuffix), strings.HasSuffix(name, tempSuffix):
			doomed = append(doomed, name)
		case strings.HasSuffix(name, swapSuffix):
			swaps = append(swaps, name)
		default:
			kept = append(kept, name)
		}
	}
	if len(doomed)+len(swaps) == 0 {
		return l.oneForm(kept)
	}
	valid := swaps[:0]
	for _, name := range swaps {
		// A swap file at or past a .cleaned file is part of a split that was not finished (KAFKA-6264).
		if offset, ok := leadingOffset(name); !ok || offset >= minCleaned {
			doomed = append(doomed, name)
		} else {
			valid = append(valid, name)
		}
	}
	if kept, err = l.finishSwaps(kept, valid); err != nil {
		return nil, err
	}
	for _, name := range doomed {
		if err := l.fs.Remove(join(l.path, name)); err != nil {
			return nil, fmt.Errorf("remove leftover: %w", err)
		}
	}
	if err := l.fs.SyncDir(l.path); err != nil {
		return nil, err
	}
	return l.oneForm(kept)
}

// oneForm removes the compressed .log of a segment that has a plain one too: a crash interrupted the change from one to
// the other, in which both are whole. The plain one may have been appended to or truncated since, the other never.
func (l *Log) oneForm(names []string) ([]string, error) {
	kept := names[:0]
	for _, name := range names {
		plain, ok := strings.CutSuffix(name, segment.CompressedSuffix)
		if !ok || !slices.Contains(names, plain) {
			kept = append(kept, name)
			continue
		}
		if err := l.fs.Remove(join(l.path, name)); err != nil {
			return nil, fmt.Errorf("remove leftover: %w", err)
		}
	}
	if len(kept) == len(names) {
		return kept, nil
	}
	return kept, l.fs.SyncDir(l.path)
}

// finishSwaps renames .swap files into place, after removing the segments that they replace: those that begin
// within the offsets that the swap files hold. The last batch of a segment that Weir compacts is kept, if need be
// without records, so these are all that it replaces. A crash in here leaves work that the next start goes on with.
func (l *Log) finishSwaps(kept, swaps []string) ([]string, error) {
	from, to := int64(math.MaxInt64), int64(math.MinInt64)
	for _, name := range swaps {
		if base, ok := offsetOf(strings.TrimSuffix(name, swapSuffix), logSuffix); ok {
			next, err := l.nextOffsetOf(name, base)
			if err != nil {
				return nil, err
			}
			from, to = min(from, base), max(to, next)
		}
	}
	out := kept[:0]
	removed := false
	for _, name := range kept {
		offset, ok := leadingOffset(name)
		if !ok || offset < from || offset >= to || strings.HasSuffix(name, snapshotSuffix) {
			out = append(out, name)
			continue
		}
		if err := l.fs.Remove(join(l.path, name)); err != nil {
			return nil, fmt.Errorf("remove segment that was replaced: %w", err)
		}
		removed = true
	}
	if removed { // durably, before the swap files lose the names that say what they cover
		if err := l.fs.SyncDir(l.path); err != nil {
			return nil, fmt.Errorf("finish swap: %w", err)
		}
	}
	for _, name := range swaps {
		final := strings.TrimSuffix(name, swapSuffix)
		if err := l.fs.Rename(join(l.path, name), join(l.path, final)); err != nil {
			return nil, fmt.Errorf("finish swap: %w", err)
		}
		out = append(out, final)
	}
	return out, nil
}

// nextOffsetOf walks a .log file under a foreign name for the offset after its last record.
func (l *Log) nextOffsetOf(name string, base int64) (int64, error) {
	next := base
	err := l.walkFile(name, func(last int64) { next = last + 1 })
	return next, err
}
