package groups

import (
	"bytes"
	"cmp"
	"slices"

	"weir/metadata"
)

// Lists of partitions are sorted by topic id and index, each partition once, and are never modified.

func comparePartitions(a, b metadata.PartitionID) int {
	if c := bytes.Compare(a.Topic[:], b.Topic[:]); c != 0 {
		return c
	}
	return cmp.Compare(a.Index, b.Index)
}

// partitionsOf gives the partitions of what a member has.
func partitionsOf(all []held) []metadata.PartitionID {
	list := make([]metadata.PartitionID, len(all))
	for i, p := range all {
		list[i] = p.PartitionID
	}
	return list
}

// split parts what is in a list from what is not.
func split(all []held, by []metadata.PartitionID) (in, out []held) {
	for _, p := range all {
		for len(by) > 0 && comparePartitions(by[0], p.PartitionID) < 0 {
			by = by[1:]
		}
		if len(by) > 0 && by[0] == p.PartitionID {
			in = append(in, p)
		} else {
			out = append(out, p)
		}
	}
	return in, out
}

// without gives the partitions of a list that a member does not have.
func without(all []metadata.PartitionID, have []held) []metadata.PartitionID {
	var rest []metadata.PartitionID
	for _, p := range all {
		for len(have) > 0 && comparePartitions(have[0].PartitionID, p) < 0 {
			have = have[1:]
		}
		if len(have) == 0 || have[0].PartitionID != p {
			rest = append(rest, p)
		}
	}
	return rest
}

// merge joins two lists that have nothing in common.
func merge(a, b []held) []held {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	all := make([]held, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch c := comparePartitions(a[0].PartitionID, b[0].PartitionID); {
		case c < 0:
			all, a = append(all, a[0]), a[1:]
		case c > 0:
			all, b = append(all, b[0]), b[1:]
		default:
			b = b[1:]
		}
	}
	return append(append(all, a...), b...)
}

// epochOf gives the epoch in which a member got a partition; false if it does not have it.
func epochOf(all []held, p metadata.PartitionID) (int32, bool) {
	at, found := slices.BinarySearchFunc(all, p, func(h held, p metadata.PartitionID) int {
		return comparePartitions(h.PartitionID, p)
	})
	if !found {
		return 0, false
	}
	return all[at].epoch, true
}

// overlap tells whether a member has a partition of a list, which need not be sorted.
func overlap(all []held, list []metadata.PartitionID) bool {
	for _, p := range list {
		if _, found := epochOf(all, p); found {
			return true
		}
	}
	return false
}

// covers tells whether a member has all partitions of a list, which need not be sorted.
func covers(all []held, list []metadata.PartitionID) bool {
	for _, p := range list {
		if _, found := epochOf(all, p); !found {
			return false
		}
	}
	return true
}

// sortedPartitions sorts a list and drops what stands twice.
func sortedPartitions(list []metadata.PartitionID) []metadata.PartitionID {
	slices.SortFunc(list, comparePartitions)
	return slices.Compact(list)
}
