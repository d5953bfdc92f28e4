package share

import "sync"

// lookers sees to it that of those who want to look at the same part of a log one does, and the others wait for what it finds.
type lookers struct {
	mu sync.Mutex
	at map[Key]chan struct{} // mu guards it; closed when the look is over
}

// begin reports whether the caller is to look. If not, somebody else did, or stop was closed: there may be more to take now.
func (l *lookers) begin(k Key, stop <-chan struct{}) bool {
	l.mu.Lock()
	over, busy := l.at[k]
	if !busy {
		l.at[k] = make(chan struct{})
	}
	l.mu.Unlock()
	if !busy {
		return true
	}
	select {
	case <-over:
	case <-stop:
	}
	return false
}

// end is told by who looked, when what it found has been taken in.
func (l *lookers) end(k Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.at[k])
	delete(l.at, k)
}
