package cluster

import "hash/fnv"

// sum tells whether a store's content is whole: the revision, the number of pairs and the sum of their
// hashes. It is kept up to date with each transaction, so a pair that is lost, doubled or set back to an
// older value shows at the next opening, which checksums of single values cannot show. It guards against
// accidents, not against forgery.
type sum struct {
	rev   int64
	count int64
	hash  uint64
}

func (s *sum) add(kv KV) {
	s.count++
	s.hash += hashPair(kv)
}

func (s *sum) remove(kv KV) {
	s.count--
	s.hash -= hashPair(kv)
}

// hashPair is FNV-1a over the key, its length, the revision and the value.
func hashPair(kv KV) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(kv.Key))
	_, _ = h.Write(appendUint64(nil, uint64(len(kv.Key))))
	_, _ = h.Write(appendUint64(nil, uint64(kv.ModRev)))
	_, _ = h.Write(kv.Value)
	return h.Sum64()
}
