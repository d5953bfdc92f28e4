package vfs

import "math/rand/v2"

// CrashOptions says how much of what was not synced outlives a crash.
type CrashOptions struct {
	// UnsyncedPercent is the chance, 0 to 100, of each unsynced thing to have reached the disk: each 512-byte
	// sector, each change of a file's size, each directory operation (of which only those survive that all
	// earlier ones of the same directory survived with). 0 keeps exactly what was synced, 100 keeps
	// everything.
	UnsyncedPercent int
	// Rand draws; it may be nil when UnsyncedPercent is 0 or 100.
	Rand *rand.Rand
}

func (o CrashOptions) survives() bool {
	switch {
	case o.UnsyncedPercent <= 0:
		return false
	case o.UnsyncedPercent >= 100:
		return true
	}
	return o.Rand.IntN(100) < o.UnsyncedPercent
}

// CrashClone returns the file system as a power cut at this moment could leave it. m itself goes on
// unharmed and shares unchanged pages with the clone, so clones are cheap. In the clone everything counts
// as synced.
func (m *Mem) CrashClone(o CrashOptions) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	views := m.survivingLocked(o)
	clone := &Mem{locks: make(map[*memNode]bool), capacity: m.capacity, now: m.now}
	clone.root = clone.adopt(m.root, views, o, make(map[*memNode]*memNode))
	return clone
}

// survivingLocked returns the directories whose entries differ from their durable ones after the crash. The
// order of operations within a directory is kept: once one is lost, so are all later ones of its directory.
func (m *Mem) survivingLocked(o CrashOptions) map[*memNode]map[string]*memNode {
	views := make(map[*memNode]map[string]*memNode)
	lost := make(map[*memNode]bool)
	view := func(dir *memNode) map[string]*memNode {
		if dir == nil {
			return nil
		}
		if views[dir] == nil {
			views[dir] = make(map[string]*memNode, len(dir.durable)+1)
			for name, n := range dir.durable {
				views[dir][name] = n
			}
		}
		return views[dir]
	}
	for _, op := range m.pending {
		if lost[op.dir] || lost[op.oldDir] || !o.survives() {
			lost[op.dir] = true
			if op.oldDir != nil {
				lost[op.oldDir] = true
			}
			continue
		}
		op.apply(view(op.dir), view(op.oldDir))
	}
	return views
}

// adopt copies a node and what is below it into the clone. A file that two names lead to after the crash
// stays one.
func (m *Mem) adopt(n *memNode, views map[*memNode]map[string]*memNode, o CrashOptions,
	done map[*memNode]*memNode) *memNode {
	if c := done[n]; c != nil {
		return c
	}
	if !n.dir {
		c := &memNode{content: n.content.crash(o), modTime: n.modTime}
		done[n] = c
		m.used += c.content.size
		return c
	}
	entries, ok := views[n]
	if !ok {
		entries = n.durable
	}
	c := newMemDir(n.modTime)
	done[n] = c
	for _, name := range sortedNames(entries) { // sorted: the draws must not depend on map order
		child := m.adopt(entries[name], views, o, done)
		c.entries[name], c.durable[name] = child, child
	}
	return c
}

// crash returns the content after a crash and freezes the pages that the clone now shares.
func (c *memContent) crash(o CrashOptions) memContent {
	c.gen = memGenerations.Add(1)
	clone := newMemContent()
	clone.size = c.crashSize(o)
	pages := int((clone.size + memPageBytes - 1) / memPageBytes)
	clone.pages = make([]*memPage, pages)
	for i := range clone.pages {
		was, is := pageAt(c.durable, i), pageAt(c.pages, i)
		if i < c.dirtyLo || i >= c.dirtyHi || was == is {
			clone.pages[i] = was
			continue
		}
		clone.pages[i] = mixPage(was, is, clone.gen, o)
	}
	if in := int(clone.size % memPageBytes); in > 0 && clone.pages[pages-1] != nil {
		clear(clone.writable(pages - 1).data[in:])
	}
	clone.durable = append([]*memPage(nil), clone.pages...)
	clone.durSize, clone.dirtyLo, clone.dirtyHi = clone.size, 0, 0
	clone.gen = memGenerations.Add(1)
	return clone
}

// crashSize draws the size: the old, the new, or one at a sector's end in between, as when blocks were
// allocated one by one.
func (c *memContent) crashSize(o CrashOptions) int64 {
	if c.size == c.durSize || !o.survives() {
		return c.durSize
	}
	lo, hi := min(c.size, c.durSize), max(c.size, c.durSize)
	if o.UnsyncedPercent >= 100 || o.Rand.IntN(2) == 0 {
		return c.size
	}
	between := lo + o.Rand.Int64N(hi-lo)
	return max(lo, between/memSectorBytes*memSectorBytes)
}

func pageAt(pages []*memPage, i int) *memPage {
	if i < len(pages) {
		return pages[i]
	}
	return nil
}

// mixPage takes each sector from the page on the disk or from the one in memory.
func mixPage(was, is *memPage, gen uint64, o CrashOptions) *memPage {
	if o.UnsyncedPercent <= 0 {
		return was
	}
	if o.UnsyncedPercent >= 100 {
		return is
	}
	mix := &memPage{gen: gen}
	for at := 0; at < memPageBytes; at += memSectorBytes {
		from := was
		if o.survives() {
			from = is
		}
		if from != nil {
			copy(mix.data[at:at+memSectorBytes], from.data[at:])
		}
	}
	return mix
}
