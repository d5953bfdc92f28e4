package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/btree"
)

// storeMaxOps bounds one transaction of the local stores; etcd's own bound is 128.
const storeMaxOps = 16384

// journal makes transactions durable before the core shows them.
type journal interface {
	// commit returns when the changes (nil Value: deleted) and the sum are durable.
	commit(changes []KV, s sum) error
	close() error
}

// core is the content of a local store: everything in memory, sorted, with the journal underneath. All
// reads are served from here, so a damaged file can hurt only at opening.
type core struct {
	mu      sync.Mutex // guards all below; held while a transaction is made durable
	tree    *btree.BTreeG[KV]
	sum     sum
	journal journal // nil in memory
	failed  error   // set by the first failure of the journal, whose outcome is unknown; final
	closed  bool

	feed *feed
}

func newCore(kvs []KV, s sum, j journal) *core {
	tree := btree.NewG(32, func(a, b KV) bool { return a.Key < b.Key })
	for _, kv := range kvs {
		tree.ReplaceOrInsert(kv)
	}
	return &core{tree: tree, sum: s, journal: j, feed: newFeed(s.rev)}
}

// Range implements MetaStore.
func (c *core) Range(ctx context.Context, prefix string) ([]KV, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, 0, ErrClosed
	}
	var kvs []KV
	c.tree.AscendGreaterOrEqual(KV{Key: prefix}, func(kv KV) bool {
		if !strings.HasPrefix(kv.Key, prefix) {
			return false
		}
		kv.Value = bytes.Clone(kv.Value)
		kvs = append(kvs, kv)
		return true
	})
	return kvs, c.sum.rev, nil
}

// Txn implements MetaStore.
func (c *core) Txn(ctx context.Context, conds []Cond, ops []Op) (ok bool, rev int64, err error) {
	if err := checkOps(ops); err != nil {
		return false, 0, err
	}
	if err := ctx.Err(); err != nil {
		return false, 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return false, 0, ErrClosed
	case c.failed != nil:
		return false, 0, c.failed
	}
	for _, cond := range conds {
		if have, _ := c.tree.Get(KV{Key: cond.Key}); have.ModRev != cond.ModRev {
			return false, c.sum.rev, nil
		}
	}
	changes, next := c.plan(ops)
	if len(changes) == 0 {
		return true, c.sum.rev, nil
	}
	if c.journal != nil {
		if err := c.journal.commit(changes, next); err != nil {
			c.failed = fmt.Errorf("write metadata: %w", err)
			return false, 0, c.failed
		}
	}
	c.apply(changes, next)
	return true, next.rev, nil
}

// plan turns ops into the changes they make, by ascending key, and the sum after them.
func (c *core) plan(ops []Op) ([]KV, sum) {
	next := c.sum
	next.rev++
	var changes []KV
	for _, op := range ops {
		old, had := c.tree.Get(KV{Key: op.Key})
		if !had && op.Value == nil {
			continue
		}
		if had {
			next.remove(old)
		}
		kv := KV{Key: op.Key, ModRev: next.rev}
		if op.Value != nil {
			kv.Value = append([]byte{}, op.Value...)
			next.add(kv)
		}
		changes = append(changes, kv)
	}
	slices.SortFunc(changes, func(a, b KV) int { return strings.Compare(a.Key, b.Key) })
	return changes, next
}

func (c *core) apply(changes []KV, next sum) {
	for _, kv := range changes {
		if kv.Value == nil {
			c.tree.Delete(kv)
			continue
		}
		c.tree.ReplaceOrInsert(kv)
	}
	c.sum = next
	c.feed.publish(Event{Rev: next.rev, Changes: changes})
}

func checkOps(ops []Op) error {
	if len(ops) > storeMaxOps {
		return fmt.Errorf("%w: %d, most %d", ErrTooManyOps, len(ops), storeMaxOps)
	}
	seen := make(map[string]bool, len(ops))
	for _, op := range ops {
		switch {
		case op.Key == "" || len(op.Key) > maxKeyBytes:
			return fmt.Errorf("%w: key of %d bytes", errBadOp, len(op.Key))
		case seen[op.Key]:
			return fmt.Errorf("%w: key %q twice", errBadOp, op.Key)
		}
		seen[op.Key] = true
	}
	return nil
}

// maxKeyBytes is bbolt's bound, kept by every store.
const maxKeyBytes = 32768

var errBadOp = errors.New("malformed transaction")

// Watch implements MetaStore.
func (c *core) Watch(ctx context.Context, prefix string, fromRev int64) (<-chan Event, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	return c.feed.watch(ctx, prefix, fromRev), nil
}

// MaxOps implements MetaStore.
func (c *core) MaxOps() int { return storeMaxOps }

// Close implements MetaStore.
func (c *core) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	c.feed.close()
	if c.journal == nil {
		return nil
	}
	return c.journal.close()
}
