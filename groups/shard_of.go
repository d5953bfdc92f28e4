package groups

import (
	"math"
	"unicode/utf16"
)

// shardOf gives the shard of a group as Kafka computes it: Java's String.hashCode, made positive, modulo the
// number of partitions.
func shardOf(groupID string, partitions int32) int32 {
	var hash int32
	for _, unit := range utf16.Encode([]rune(groupID)) {
		hash = 31*hash + int32(unit)
	}
	switch {
	case hash == math.MinInt32:
		return 0
	case hash < 0:
		hash = -hash
	}
	return hash % partitions
}
