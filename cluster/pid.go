package cluster

import (
	"context"
	"fmt"
)

// ProducerIDBlock is how many producer ids a broker reserves at a time, as in Kafka.
const ProducerIDBlock = 1000

// NextProducerID hands out a producer id that no broker of the cluster hands out again: a block is
// reserved durably before its first id is given, and what is left of it at the end is never used.
func (c *Cluster) NextProducerID(ctx context.Context) (int64, error) {
	c.pids.Lock()
	defer c.pids.Unlock()
	if c.pids.next == c.pids.end {
		first, err := c.reserve(ctx)
		if err != nil {
			return 0, fmt.Errorf("reserve producer ids: %w", late(err))
		}
		c.pids.next, c.pids.end = first, first+ProducerIDBlock
	}
	id := c.pids.next
	c.pids.next++
	return id, nil
}

func (c *Cluster) reserve(ctx context.Context) (first int64, err error) {
	for {
		kv, err := c.read(ctx, pidKey)
		if err != nil {
			return 0, err
		}
		r := pidRecord{V: recordVersion}
		if kv.ModRev != 0 {
			if err := decode(kv, &r, &r.V); err != nil {
				return 0, err
			}
		}
		first, r.Next = r.Next, r.Next+ProducerIDBlock
		ok, _, err := c.store.Txn(ctx, []Cond{{Key: pidKey, ModRev: kv.ModRev}}, []Op{Put(pidKey, encode(r))})
		if err != nil || ok {
			return first, err
		}
	}
}
