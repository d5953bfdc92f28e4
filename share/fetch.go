package share

import (
	"errors"
	"sync"
	"time"

	"weir/log"
	"weir/metadata"
	"weir/partition"
	"weir/segment"
)

// FetchRequest is what a member asks for.
type FetchRequest struct {
	Group, Member string
	Settings      Settings
	Topics        map[metadata.TopicID]TopicSettings // of those that have any
	// Partitions are tried in this order until there are enough records.
	Partitions []metadata.PartitionID
	MaxRecords int
	BatchSize  int // records of one Acquired, about
	MinBytes   int // while MaxWait lasts
	MaxBytes   int
	MaxWait    time.Duration // 0 answers at once
	Strict     bool          // never more than MaxRecords, not even to make a batch whole (KIP-1206)
}

// Fetched is what a member gets of one partition. Who gets it releases its records.
type Fetched struct {
	ID       metadata.PartitionID
	Acquired []Acquired // ascending
	Records  Records    // batches that hold them
	Err      error
}

// rounds is how often a fetch looks further into a log that has nothing for the group, before others get their turn.
const rounds = 64

// longestLook is for how long it does so, about: a filter may take its time.
const longestLook = 250 * time.Millisecond

// scanBytes is how much of a log is looked at at once.
const scanBytes = 1 << 20

// scans are buffers for it: to make and clear one costs more than to fill it.
var scans = sync.Pool{New: func() any { return new([scanBytes]byte) }}

// Fetch has a member acquire records, and reads them. It returns when there are some or something failed, when MaxWait is over, or
// soon after stop is closed. The answer has one entry for each partition asked, in their order.
func (s *Service) Fetch(stop <-chan struct{}, r FetchRequest) []Fetched {
	var over <-chan time.Time
	if r.MaxWait > 0 {
		timer := s.clock.NewTimer(r.MaxWait)
		defer timer.Stop()
		over = timer.C()
		if r.MinBytes > 1 && s.await(stop, over, &r) {
			r.MaxWait = 0 // over: what there is now
		}
	}
	for {
		f := fetching{s: s, stop: stop, r: &r, began: s.clock.Now(), left: r.MaxRecords, bytes: r.MaxBytes}
		if r.MaxWait > 0 {
			f.waiter, f.appended = newWaiter(), partition.NewWaiter(1)
		}
		out := make([]Fetched, len(r.Partitions))
		for i, id := range r.Partitions {
			out[i].ID = id
			if f.left > 0 && f.bytes > 0 {
				f.fetch(&out[i])
			}
		}
		if f.waiter == nil {
			return out
		}
		if !f.got {
			select {
			case <-f.waiter.done:
			case <-f.appended.Done():
			case <-over:
				f.got = true
			case <-stop:
				f.got = true
			}
		}
		f.forget()
		if f.got {
			return out
		}
	}
}

// fetching is one round over a request's partitions.
type fetching struct {
	s           *Service
	stop        <-chan struct{}
	r           *FetchRequest
	began       time.Time
	left, bytes int
	got         bool // something was acquired, or failed

	waiter   *waiter           // nil if the request does not wait
	appended *partition.Waiter // likewise
	waited   []Key
}

// forget has nobody tell the waiter any more.
func (f *fetching) forget() {
	f.appended.Close()
	for _, k := range f.waited {
		f.s.unwatch(k, f.waiter)
	}
}

func (f *fetching) fetch(out *Fetched) {
	p, err := f.s.partitions.Get(out.ID)
	if err == nil {
		err = f.fetchFrom(p, out)
	}
	if err != nil {
		out.Err, f.got = err, true
	}
}

func (f *fetching) fetchFrom(p *partition.Partition, out *Fetched) error {
	a := &asked{key: Key{f.r.Group, out.ID}, member: f.r.Member, settings: &f.r.Settings, records: f.left, bytes: f.bytes,
		span: f.r.BatchSize, strict: f.r.Strict, waiter: f.waiter}
	g, err := f.take(p, a)
	for n := 0; ; n++ {
		if err != nil {
			return err
		}
		if len(g.acquired) > 0 {
			return f.deliver(p, out, g.acquired)
		}
		if f.waiter != nil && (len(f.waited) == 0 || f.waited[len(f.waited)-1] != a.key) {
			f.waited = append(f.waited, a.key)
		}
		if !g.room || !g.again && a.scanned != nil && a.scanned.end {
			f.watch(p, g)
			return nil
		}
		if n == rounds || n > 0 && f.s.clock.Now().Sub(f.began) > longestLook {
			break
		}
		g, err = f.further(p, a, g)
	}
	if g, err = f.takeKnown(p, a); err != nil {
		return err
	}
	if len(g.acquired) > 0 {
		return f.deliver(p, out, g.acquired)
	}
	if f.appended != nil {
		p.Watch(f.appended, 0) // there is more to look at: come again at once
	}
	return nil
}

// further looks at what follows what the machine knows, or waits for another who does, and takes what there is then.
func (f *fetching) further(p *partition.Partition, a *asked, g given) (given, error) {
	a.scanned = nil
	if f.s.lookers.begin(a.key, f.stop) {
		defer f.s.lookers.end(a.key)
		var err error
		a.scanned, err = f.s.look(p, &f.r.Settings, f.r.Topics[a.key.Topic], g)
		dropped := errors.Is(err, log.ErrOffsetOutOfRange) && p.StartOffset() > g.known // the machine is told of that
		if err != nil && !dropped {
			if known, _ := f.takeKnown(p, a); len(known.acquired) > 0 {
				return known, nil
			}
			return given{}, err
		}
	}
	return f.take(p, a)
}

// take has the member acquire what there is, looking up to the end of the log first unless there is enough. A group that has never
// fetched begins; so does one that is deleted meanwhile.
func (f *fetching) take(p *partition.Partition, a *asked) (given, error) {
	a.logEnd = p.EndOffset(f.r.Settings.Committed)
	return f.takeOf(p, a)
}

// takeKnown takes what there is of what is known, be it enough or not.
func (f *fetching) takeKnown(p *partition.Partition, a *asked) (given, error) {
	a.logEnd, a.scanned = 0, nil
	return f.takeOf(p, a)
}

func (f *fetching) takeOf(p *partition.Partition, a *asked) (g given, err error) {
	a.logStart = p.StartOffset()
	for range rounds {
		if g, err = f.s.take(a); !errors.Is(err, errUninitialized) {
			break
		}
		a.scanned = nil
		if err = f.s.begin(p, a.key, a.settings); err != nil {
			break
		}
	}
	return g, err
}

// watch waits for more to be appended, if there is room for it.
func (f *fetching) watch(p *partition.Partition, g given) {
	switch {
	case f.appended == nil || !g.room:
	case f.r.Settings.Committed:
		p.WatchCommitted(f.appended, g.known)
	default:
		p.Watch(f.appended, g.known)
	}
}

// deliver finds what was acquired in the log; what cannot be found is let go.
func (f *fetching) deliver(p *partition.Partition, out *Fetched, got []Acquired) error {
	records, err := collect(p, got)
	if err != nil {
		back := AcknowledgeRequest{Key: Key{f.r.Group, out.ID}, Member: f.r.Member, Settings: f.r.Settings}
		for _, a := range got {
			back.Batches = append(back.Batches, AckBatch{First: a.First, Last: a.Last, Types: []AckType{Release}, DelayMs: -1})
		}
		f.s.Acknowledge(back) // what the member held before it keeps
		return err
	}
	out.Acquired, out.Records, f.got = got, records, true
	for _, a := range got {
		f.left -= int(a.Last - a.First + 1)
	}
	f.bytes -= records.Len()
	return nil
}

// look reads what follows what the machine knows.
func (s *Service) look(p *partition.Partition, settings *Settings, topic TopicSettings, g given) (*scanned, error) {
	res, err := p.Read(partition.ReadRequest{Offset: g.known, MaxBytes: scanBytes, MinOne: true, Committed: settings.Committed,
		CurrentLeaderEpoch: -1, LastFetchedEpoch: -1})
	if err != nil {
		return nil, err
	}
	defer res.Release()
	found := &scanned{from: g.known, to: g.known, epoch: g.epoch, again: g.again}
	slice, ok := firstSlice(&res)
	if !ok {
		found.end = true
		return found, nil
	}
	x := newExaminer(settings, topic, p.ID().Index, res.Aborted)
	if x.plain() && len(res.Aborted) == 0 && p.Bare(g.known) {
		if found.to, ok, err = x.heads(slice, g.known); ok || err != nil {
			found.items = x.items
			return found, err
		}
		x.items = nil
	}
	buf := scans.Get().(*[scanBytes]byte)
	defer scans.Put(buf)
	raw, err := slice.Into(buf[:])
	if err != nil {
		return nil, err
	}
	found.to, err = x.examine(raw, g.known)
	found.items = x.items
	return found, err
}

// firstSlice is the first of a read that has anything.
func firstSlice(res *partition.ReadResult) (slice segment.Slice, ok bool) {
	for _, s := range res.Slices {
		if s.Len() > 0 {
			return s, true
		}
	}
	return slice, false
}

// read gives batches from the one that holds offset on, of one segment, in buf or, where the first is larger, in memory of its own;
// the last may be cut short.
func read(p *partition.Partition, offset int64, buf []byte) ([]byte, error) {
	res, err := p.Read(partition.ReadRequest{Offset: offset, MaxBytes: len(buf), MinOne: true, CurrentLeaderEpoch: -1, LastFetchedEpoch: -1})
	if err != nil {
		return nil, err
	}
	defer res.Release()
	slice, ok := firstSlice(&res)
	if !ok {
		return nil, nil
	}
	return slice.Into(buf)
}
