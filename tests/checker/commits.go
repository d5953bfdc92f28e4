package checker

import (
	"cmp"
	"slices"
)

// groupKey is one committed offset: of a group, for a key.
type groupKey struct{ group, key string }

// checkCommits holds every answer about a committed offset against the commits. Whoever makes the history
// commits rising offsets; then an answer must not be below what was acknowledged before the question was
// asked, nor may it be something that nobody had tried to commit before it came.
func checkCommits(r *Report, ops []Op) {
	commits := map[groupKey][]*Op{}
	var asked []*Op
	for i := range ops {
		switch op := &ops[i]; {
		case op.Kind == Commit && op.Outcome != Failed:
			at := groupKey{op.Group, op.Key}
			commits[at] = append(commits[at], op)
		case op.Kind == Committed && op.Outcome == OK:
			asked = append(asked, op)
		}
	}
	for at, list := range commits {
		slices.SortFunc(list, func(a, b *Op) int { return cmp.Compare(a.Offset, b.Offset) })
		commits[at] = list
	}
	for _, q := range asked {
		checkCommitted(r, q, commits[groupKey{q.Group, q.Key}])
	}
}

// checkCommitted judges one answer; commits are of its group and key, by offset.
func checkCommitted(r *Report, q *Op, commits []*Op) {
	first, found := slices.BinarySearchFunc(commits, q.Offset, func(c *Op, offset int64) int {
		return cmp.Compare(c.Offset, offset)
	})
	if q.Offset >= 0 && (!found || commits[first].Began > q.Ended) {
		r.found(UnknownCommit, "%s in %s: %d, which nobody had committed", q.Group, q.Key, q.Offset)
	}
	// From the highest down: the first that was acknowledged in time is the one that counts.
	for _, c := range slices.Backward(commits) {
		if c.Offset <= q.Offset {
			return
		}
		if c.Outcome == OK && c.Ended < q.Began {
			r.found(CommitWentBack, "%s in %s: %d, after %d was acknowledged", q.Group, q.Key, q.Offset, c.Offset)
			return
		}
	}
}
