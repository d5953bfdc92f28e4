package vfs

import "sync/atomic"

// Counters counts the operations that went through a file system. Safe for concurrent use.
type Counters struct {
	ops   [opKinds]atomic.Int64
	bytes [opKinds]atomic.Int64
}

// Get returns how many operations of the kind were begun.
func (c *Counters) Get(k OpKind) int64 { return c.ops[k].Load() }

// Bytes returns how many bytes the operations of the kind asked for (reads, writes, sends).
func (c *Counters) Bytes(k OpKind) int64 { return c.bytes[k].Load() }

// Total returns how many operations of all kinds were begun.
func (c *Counters) Total() int64 {
	var n int64
	for i := range c.ops {
		n += c.ops[i].Load()
	}
	return n
}

// Writes returns how many operations were begun that change what a crash would leave behind.
func (c *Counters) Writes() int64 {
	var n int64
	for i := range c.ops {
		if OpKind(i).Writes() {
			n += c.ops[i].Load()
		}
	}
	return n
}

// Count wraps fs so that every operation is counted.
func Count(fs FS) (FS, *Counters) {
	c := new(Counters)
	return Inject(fs, func(op Op) error {
		c.ops[op.Kind].Add(1)
		if op.Kind == OpReadAt || op.Kind == OpWriteAt || op.Kind == OpSend {
			c.bytes[op.Kind].Add(op.Len)
		}
		return nil
	}), c
}
