package limit

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
)

// disk is what a store needs of a file; tests put another in its place.
type disk interface {
	WriteAt(b []byte, at int64) (int, error)
	preallocate(at, n int64) error
	sync() error
	sendTo(to *net.TCPConn, prefix []byte, at int64, n int) error
	Close() error
	Name() string
}

var errRemoved = errors.New("the file was removed")

// store is one file: writers append, a sync serves all that wait for it, readers wait for bytes they may see.
type store struct {
	disk disk
	// writing orders appends; end is what was appended, allocated what the file has blocks for.
	writing        sync.Mutex
	end, allocated int64
	// syncing is held during a sync: who waits for it finds on return that the sync of another covered him, or makes the next.
	syncing sync.Mutex
	broken  error // guarded by syncing: a failed sync is final
	visible atomic.Int64
	// moved is signalled when visible or removed changes under waiting.
	waiting sync.Mutex
	moved   sync.Cond
	removed bool
}

func newStore(d disk) *store {
	s := &store{disk: d}
	s.moved.L = &s.waiting
	return s
}

// append writes b at the end and gives the new end.
func (s *store) append(b []byte) (int64, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if until := s.end + int64(len(b)); until > s.allocated {
		// In growing steps: few calls for a long file, little room for each of a thousand.
		step := max(until-s.allocated, min(max(s.end, 1<<20), 64<<20))
		if err := s.disk.preallocate(s.allocated, step); err != nil {
			return 0, err
		}
		s.allocated += step
	}
	if _, err := s.disk.WriteAt(b, s.end); err != nil {
		return 0, err
	}
	s.end += int64(len(b))
	return s.end, nil
}

// syncTo returns when everything before end is durable.
func (s *store) syncTo(end int64) error {
	if s.visible.Load() >= end {
		return nil
	}
	s.syncing.Lock()
	defer s.syncing.Unlock()
	if s.broken != nil || s.visible.Load() >= end {
		return s.broken
	}
	s.writing.Lock()
	written := s.end
	s.writing.Unlock()
	if s.broken = s.disk.sync(); s.broken != nil {
		return s.broken
	}
	s.show(written)
	return nil
}

// show lets readers see everything before end.
func (s *store) show(end int64) {
	s.waiting.Lock()
	s.visible.Store(max(end, s.visible.Load()))
	s.waiting.Unlock()
	s.moved.Broadcast()
}

// await returns what readers may see as soon as it is more than position.
func (s *store) await(position int64) (int64, error) {
	if end := s.visible.Load(); end > position {
		return end, nil
	}
	s.waiting.Lock()
	defer s.waiting.Unlock()
	for s.visible.Load() <= position && !s.removed {
		s.moved.Wait()
	}
	if s.removed {
		return 0, errRemoved
	}
	return s.visible.Load(), nil
}

// remove wakes who waits, closes the file and deletes it.
func (s *store) remove() error {
	s.waiting.Lock()
	s.removed = true
	s.waiting.Unlock()
	s.moved.Broadcast()
	return errors.Join(s.disk.Close(), os.Remove(s.disk.Name()))
}
