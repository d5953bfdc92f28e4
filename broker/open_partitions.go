package broker

import (
	"fmt"
	"runtime/debug"
	"sync"

	"weir/metadata"
	"weir/partition"
)

// leastOpenWorkers is how many partitions are opened at once whatever num.recovery.threads.per.data.dir says: to
// open one is to wait for a handful of small reads, and for fsyncs that share the disk's flushes. Each holds
// about a megabyte while it recovers.
const leastOpenWorkers = 16

// openAll opens partitions, several at a time: recovery after an unclean stop reads much, and a topic may
// have hundreds. Those that cannot be opened are logged and come back without a partition.
func (b *Broker) openAll(all []opening) []opening {
	workers := min(max(b.settings.openWorkers, leastOpenWorkers), len(all))
	next := make(chan int)
	var group sync.WaitGroup
	for range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range next {
				b.openOne(&all[i])
			}
		}()
	}
	for i := range all {
		next <- i
	}
	close(next)
	group.Wait()
	return all
}

// openOne opens one partition. One that is damaged is opened too, and answers every request with a storage
// error.
func (b *Broker) openOne(o *opening) {
	p, err := b.openPartition(o)
	if err != nil {
		b.config.Logger.Error("open partition", "topic", o.topic.Name, "partition", o.index, "error", err)
		return
	}
	o.partition = p
	if err := p.Err(); err != nil {
		b.config.Logger.Error("partition is offline", "topic", o.topic.Name, "partition", o.index,
			"error", err)
	}
}

func (b *Broker) openPartition(o *opening) (p *partition.Partition, err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("panic: %v\n%s", caught, debug.Stack())
		}
	}()
	id := metadata.PartitionID{Topic: o.topic.ID, Index: o.index}
	l, err := b.directory.Open(id, o.config, o.epoch)
	if l == nil {
		return nil, err
	}
	p = partition.New(l, b.committer, o.epoch, b.config.Clock)
	p.SetDedup(o.dedup)
	p.TrackUse(o.expires)
	return p, nil
}
