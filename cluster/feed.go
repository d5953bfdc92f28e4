package cluster

import (
	"context"
	"strings"
	"sync"
)

// feedKept is how many revisions a store keeps for watchers that lag. A watcher further behind gets
// ErrCompacted and reads everything anew, so the number bounds memory, not correctness.
const feedKept = 4096

// feed hands the changes of each revision to watchers, who read at their own pace: a slow watcher holds
// up neither the store nor other watchers.
type feed struct {
	mu     sync.Mutex
	events []Event       // revisions first, first+1, …
	first  int64         // the revision of events[0], or of the event to come when there is none
	more   chan struct{} // closed and replaced at each event, closed for good at the end
	closed bool
}

func newFeed(rev int64) *feed { return &feed{first: rev + 1, more: make(chan struct{})} }

func (f *feed) publish(e Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.events = append(f.events, e)
	if drop := len(f.events) - feedKept; drop > 0 {
		f.events = append([]Event(nil), f.events[drop+feedKept/4:]...) // rarely: a quarter at a time
		f.first += int64(drop + feedKept/4)
	}
	close(f.more)
	f.more = make(chan struct{})
}

func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.closed = true
		close(f.more)
	}
}

// next returns the event of a revision, or the channel that closes when there is more to see.
func (f *feed) next(rev int64) (e Event, ok bool, more <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return Event{}, false, nil
	case rev < f.first:
		return Event{Err: ErrCompacted}, true, nil
	case rev < f.first+int64(len(f.events)):
		return f.events[rev-f.first], true, nil
	}
	return Event{}, false, f.more
}

// watch runs until ctx ends, the feed closes, or the watcher asks for what is no longer kept.
func (f *feed) watch(ctx context.Context, prefix string, rev int64) <-chan Event {
	out := make(chan Event)
	go func() {
		defer close(out)
		for {
			e, ok, more := f.next(rev)
			switch {
			case ok:
				if e = e.under(prefix); e.Err == nil && len(e.Changes) == 0 {
					rev++
					continue
				}
				select {
				case out <- e:
				case <-ctx.Done():
					return
				}
				if e.Err != nil {
					return
				}
				rev++
			case more == nil:
				return
			default:
				select {
				case <-more:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}

// under leaves the changes whose keys begin with prefix. The values are shared between watchers, who
// must not modify them.
func (e Event) under(prefix string) Event {
	kept := Event{Rev: e.Rev, Err: e.Err}
	for _, kv := range e.Changes {
		if strings.HasPrefix(kv.Key, prefix) {
			kept.Changes = append(kept.Changes, kv)
		}
	}
	return kept
}
