package coordinator

import (
	"math"
	"unicode/utf16"
	"unicode/utf8"
)

// ShardOf gives the shard of a group or a transactional id as Kafka computes it: Java's String.hashCode, made positive, modulo the
// number of partitions.
func ShardOf(key string, partitions int32) int32 {
	var hash int32
	for i := range len(key) {
		if key[i] >= utf8.RuneSelf {
			hash = 0
			for _, unit := range utf16.Encode([]rune(key)) {
				hash = 31*hash + int32(unit)
			}
			break
		}
		hash = 31*hash + int32(key[i])
	}
	switch {
	case hash == math.MinInt32:
		return 0
	case hash < 0:
		hash = -hash
	}
	return hash % partitions
}
