package cluster

import "weir/internal/invariant"

// MemStore is a MetaStore in memory, for tests and tools.
type MemStore struct{ *core }

var _ MetaStore = (*MemStore)(nil)

// NewMemStore makes an empty store.
func NewMemStore() *MemStore { return &MemStore{newCore(nil, sum{}, nil)} }

// Snapshot returns an independent store with the same content: what a crash at this moment leaves. As
// after a crash, earlier revisions cannot be watched.
func (m *MemStore) Snapshot() *MemStore {
	m.mu.Lock()
	defer m.mu.Unlock()
	var kvs []KV
	check := sum{rev: m.sum.rev}
	m.tree.Ascend(func(kv KV) bool {
		kvs = append(kvs, kv)
		check.add(kv)
		return true
	})
	invariant.Check(check == m.sum, "store content and its sum differ; got %+v; want %+v", check, m.sum)
	return &MemStore{newCore(kvs, m.sum, nil)}
}
