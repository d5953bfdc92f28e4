package partition

import (
	"errors"
	"fmt"

	"weir/log"
	"weir/record"
)

// AppendOptions bind an append to a leadership and to a transaction.
type AppendOptions struct {
	ExpectedLeaderEpoch int32 // -1 = any
	// Guard is that of Partition.Guard for transactional batches of clients.
	Guard log.Guard
	// Again has records appended whatever message ids they have.
	Again bool
}

// Append writes one validated batch, stamping it in place, and returns the ticket for its commit. The batch's
// buffer is the caller's again when Append returns.
func (p *Partition) Append(b *record.Batch, o AppendOptions) (Ticket, error) {
	p.use()
	if d := p.dedup.Load(); d != nil && !o.Again && !b.IsTransactional() && !b.IsControl() {
		return p.appendOnce(d, b, o)
	}
	return p.append(b, o)
}

// mayAppend tells why a leadership cannot append.
func (p *Partition) mayAppend(lead *leadership, o AppendOptions) error {
	if !lead.leader || o.ExpectedLeaderEpoch >= 0 && o.ExpectedLeaderEpoch != lead.epoch {
		return fmt.Errorf("append to %s: %w", p.ID(), ErrNotLeader)
	}
	return nil
}

func (p *Partition) append(b *record.Batch, o AppendOptions) (Ticket, error) {
	lead := p.lead.Load()
	if err := p.mayAppend(lead, o); err != nil {
		return Ticket{}, err
	}
	headers := !b.Bare && !b.IsControl()
	if headers {
		p.bare.begin()
	}
	a, err := p.log.AppendGuarded(b, lead.epoch, o.Guard)
	if headers {
		p.bare.end(a.LastOffset + 1)
	}
	if err != nil {
		return Ticket{}, p.appendFailed(err)
	}
	if !a.Duplicate {
		p.fresh.Add(int64(b.Size()))
		p.committer.Submit(p, lead.epoch, a.LastOffset+1)
	}
	return Ticket{
		BaseOffset: a.BaseOffset, LastOffset: a.LastOffset, AppendTimeMs: a.AppendTimeMs,
		LogStartOffset: a.LogStartOffset, Duplicate: a.Duplicate, p: p, epoch: lead.epoch,
	}, nil
}

func (p *Partition) appendFailed(err error) error {
	if errors.Is(err, log.ErrStaleEpoch) || errors.Is(err, log.ErrClosed) {
		return fmt.Errorf("%w: %w", ErrNotLeader, err)
	}
	if p.log.Err() != nil {
		p.wake() // others wait for what will not come
	}
	return err
}
