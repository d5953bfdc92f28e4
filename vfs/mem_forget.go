package vfs

import "io/fs"

// ForgetDirty does to a file what Linux does when an fsync fails: what was not synced counts as clean, still reads as
// it did, and is not written by a later Sync. Only bytes that are written anew are.
func (m *Mem) ForgetDirty(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.lookupLocked(name)
	if n == nil || n.dir {
		return pathError("forget", name, fs.ErrNotExist)
	}
	c := &n.content
	for len(c.durable) < len(c.pages) {
		c.durable = append(c.durable, nil)
	}
	c.dirtyLo, c.dirtyHi = 0, 0
	return nil
}
