package partition

import "weir/log"

// Guard gives what a producer needs to append transactional batches here: if it Asks, the transaction's
// coordinator is to be asked before.
func (p *Partition) Guard(producerID int64, epoch int16) log.Guard {
	return p.log.Guard(producerID, epoch)
}

// Guards tells whether a guard still stands: no marker has come since it was taken.
func (p *Partition) Guards(producerID int64, g log.Guard) bool { return p.log.Guards(producerID, g) }

// Unguard gives back a guard that was not used.
func (p *Partition) Unguard(producerID int64, g log.Guard) { p.log.Unguard(producerID, g) }
