package segment

import (
	"fmt"
	"sync/atomic"

	"weir/vfs"
)

// handle is an open .log file that closes when its last user lets go. The segment is one user, each Slice
// another: a slice that is being sent keeps its file open whatever becomes of the segment. It is the plain file or a
// compressed one that reads like it.
type handle struct {
	f      vfs.File
	frames *frameFile // f, where it is compressed
	refs   atomic.Int64
}

func newHandle(f vfs.File) *handle {
	h := &handle{f: f}
	h.frames, _ = f.(*frameFile)
	h.refs.Store(1)
	return h
}

// acquire adds a user unless the last one has gone.
func (h *handle) acquire() bool {
	for {
		n := h.refs.Load()
		if n == 0 {
			return false
		}
		if h.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (h *handle) release() error {
	if h.refs.Add(-1) > 0 {
		return nil
	}
	return h.f.Close()
}

// open returns the .log file with a reference that the caller releases. The file is opened at its first
// use, so that a thousand cold segments cost no descriptors.
func (s *Segment) open() (*handle, error) {
	if h := s.file.Load(); h != nil && h.acquire() {
		return h, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.file.Load(); h != nil && h.acquire() {
		return h, nil
	}
	if s.removed || s.refs.Load() == 0 {
		return nil, fmt.Errorf("open segment %s: %w", s.pathLocked(), ErrRetired)
	}
	f, err := s.openFileLocked()
	if err != nil {
		return nil, err
	}
	h := newHandle(f)
	h.refs.Store(2) // the segment's and the caller's
	s.file.Store(h)
	return h, nil
}

func (s *Segment) openFileLocked() (vfs.File, error) {
	if s.compressed {
		return openFrames(s.fs, s.pathLocked(), s.base, s.c.Frames)
	}
	openFile := s.fs.OpenReadWrite
	if s.sealed {
		openFile = s.fs.Open
	}
	f, err := openFile(s.pathLocked())
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	return f, nil
}

// dropFile gives up the segment's own reference to the file.
func (s *Segment) dropFile() error {
	if h := s.file.Swap(nil); h != nil {
		return h.release()
	}
	return nil
}

// CloseIdle closes the file of a sealed segment until it is read again. Slices that are out keep it open.
func (s *Segment) CloseIdle() error {
	s.mu.Lock()
	sealed := s.sealed
	s.mu.Unlock()
	if !sealed {
		return nil
	}
	return s.dropFile()
}

// Acquire adds a reference, so that the segment's file can be opened until Release; false when it is
// retired and the last reference is gone.
func (s *Segment) Acquire() bool {
	for {
		n := s.refs.Load()
		if n == 0 {
			return false
		}
		if s.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Release gives back a reference of Acquire. The files close with the last one.
func (s *Segment) Release() {
	if s.refs.Add(-1) > 0 {
		return
	}
	// Nothing can be done about a failed close of files that are no longer written, and nothing is lost by it.
	_ = s.dropFile()
	_ = s.offsets.Close()
	_ = s.times.Close()
	_ = s.txns.Close()
}

// Retire gives up the owner's reference; it is called once, when the segment has left the log's list.
func (s *Segment) Retire() { s.Release() }
