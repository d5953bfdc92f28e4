package metadata

import "maps"

// shardCount bounds what one change copies: with 10,000 topics, 10,000/256 map entries.
const shardCount = 256

// shards is a map cut into shardCount maps, so that a Draft copies only the shards it touches.
type shards[K comparable, V any] [shardCount]map[K]V

func (s *shards[K, V]) get(shard uint8, k K) V { return s[shard][k] }

// owned marks the shards that belong to a draft alone and may be written in place.
type owned [shardCount]bool

func (s *shards[K, V]) put(own *owned, shard uint8, k K, v V) {
	s.own(own, shard)
	s[shard][k] = v
}

func (s *shards[K, V]) remove(own *owned, shard uint8, k K) {
	s.own(own, shard)
	delete(s[shard], k)
}

func (s *shards[K, V]) own(own *owned, shard uint8) {
	if own[shard] {
		return
	}
	own[shard] = true
	if s[shard] == nil {
		s[shard] = make(map[K]V)
		return
	}
	s[shard] = maps.Clone(s[shard])
}

// hashName is FNV-1a folded to a byte.
func hashName(name string) uint8 {
	h := uint32(2166136261)
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return uint8(h ^ h>>8 ^ h>>16 ^ h>>24)
}

// hashID takes a byte that is random in a version 4 UUID.
func hashID(id TopicID) uint8 { return id[0] }
