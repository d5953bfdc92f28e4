package share

// waiter is done once: when a share partition that it watches has something to give. The machines close it, each on its shard's
// goroutine, and forget it then.
type waiter struct {
	done chan struct{} // has room for one token; never closed, since several shards may send
}

func newWaiter() *waiter { return &waiter{done: make(chan struct{}, 1)} }

func (w *waiter) fire() {
	select {
	case w.done <- struct{}{}:
	default:
	}
}

// wake tells all who wait for the share partition.
func (p *part) wake() {
	p.readied = false
	for w := range p.waiters {
		w.fire()
	}
	clear(p.waiters)
}
