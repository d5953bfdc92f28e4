package log

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"weir/vfs"
)

// epochEntry says that a leader epoch began at an offset.
type epochEntry struct {
	epoch int32
	start int64
}

// epochs is the history of leader epochs of one log (LeaderEpochFileCache.java). Both columns rise strictly.
type epochs struct {
	mu      sync.RWMutex // guards both; taken after the log's append lock or without it
	entries []epochEntry
	dirty   bool   // may differ from the file
	saved   []byte // the file's content as it was last written or read
}

// assign notes that epoch begins at start. Entries that contradict it go; an epoch known already stays as it
// is.
func (e *epochs) assign(epoch int32, start int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.entries); n > 0 {
		last := e.entries[n-1]
		if last.epoch == epoch && start >= last.start {
			return
		}
		for n > 0 && (e.entries[n-1].epoch >= epoch || e.entries[n-1].start >= start) {
			n--
		}
		e.entries = e.entries[:n:n]
	}
	e.entries = append(e.entries, epochEntry{epoch, start})
	e.dirty = true
}

// latest is the newest epoch, -1 with none.
func (e *epochs) latest() int32 {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if len(e.entries) == 0 {
		return -1
	}
	return e.entries[len(e.entries)-1].epoch
}

// endOf returns the largest epoch not above the one asked for, and the offset at which the next one begins,
// or logEnd for the newest. Unknown is (-1, -1). As Kafka, one older than all known is answered with itself
// and the first known start.
func (e *epochs) endOf(epoch int32, logEnd int64) (int32, int64) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	n := len(e.entries)
	if epoch < 0 || n == 0 || epoch > e.entries[n-1].epoch {
		return -1, -1
	}
	if epoch == e.entries[n-1].epoch {
		return epoch, logEnd
	}
	higher := sort.Search(n, func(i int) bool { return e.entries[i].epoch > epoch })
	if higher == 0 {
		return epoch, e.entries[0].start
	}
	return e.entries[higher-1].epoch, e.entries[higher].start
}

// of returns the epoch that the offset was written in, -1 when unknown.
func (e *epochs) of(offset int64) int32 {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for i := len(e.entries) - 1; i >= 0; i-- {
		if e.entries[i].start <= offset {
			return e.entries[i].epoch
		}
	}
	return -1
}

// cutEnd removes epochs that begin at or past the end offset.
func (e *epochs) cutEnd(end int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(e.entries)
	for n > 0 && e.entries[n-1].start >= end {
		n--
	}
	if n < len(e.entries) {
		e.entries, e.dirty = e.entries[:n:n], true
	}
}

// cutStart makes the epoch that start lies in begin there and removes the ones before.
func (e *epochs) cutStart(start int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for n < len(e.entries) && e.entries[n].start <= start {
		n++
	}
	if n == 0 || (n == 1 && e.entries[0].start == start) {
		return
	}
	kept := slices.Clone(e.entries[n-1:])
	kept[0].start = start
	e.entries, e.dirty = kept, true
}

func (e *epochs) clear() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.entries, e.dirty = nil, true
}

// flush writes the file when it differs. Epochs that begin at the log's end are left out: they have no batch yet, and
// the next start drops them. A failed write leaves the mark, and is tried again.
func (e *epochs) flush(fsys vfs.FS, dir string, end int64) error {
	e.mu.Lock()
	if !e.dirty {
		e.mu.Unlock()
		return nil
	}
	n := len(e.entries)
	for n > 0 && e.entries[n-1].start >= end {
		n--
	}
	data, saved := encodeEpochs(e.entries[:n]), e.saved
	e.dirty = n < len(e.entries) // those are to be written once they have a batch
	e.mu.Unlock()
	if bytes.Equal(data, saved) || n == 0 && saved == nil {
		return nil
	}
	err := replaceFile(fsys, dir, leaderEpochFile, data)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.dirty = true
		return err
	}
	e.saved = data
	return nil
}

// encodeEpochs writes leader-epoch-checkpoint (LeaderEpochCheckpointFile.java).
func encodeEpochs(entries []epochEntry) []byte {
	lines := make([]string, len(entries))
	for i, x := range entries {
		lines[i] = fmt.Sprintf("%d %d", x.epoch, x.start)
	}
	return encodeLines(lines)
}

// decodeEpochs reads leader-epoch-checkpoint; epochs and offsets must rise.
func decodeEpochs(data []byte) ([]epochEntry, error) {
	lines, err := decodeLines(data)
	if err != nil {
		return nil, err
	}
	var entries []epochEntry
	for _, line := range lines {
		f := strings.Fields(line)
		if len(f) != 2 {
			return nil, fmt.Errorf("%w: line %q", errBadCheckpoint, line)
		}
		epoch, err1 := strconv.ParseInt(f[0], 10, 32)
		start, err2 := strconv.ParseInt(f[1], 10, 64)
		if err := errors.Join(err1, err2); err != nil || epoch < 0 || start < 0 {
			return nil, fmt.Errorf("%w: line %q", errBadCheckpoint, line)
		}
		x := epochEntry{int32(epoch), start}
		if n := len(entries); n > 0 && (entries[n-1].epoch >= x.epoch || entries[n-1].start >= x.start) {
			return nil, fmt.Errorf("%w: line %q does not rise", errBadCheckpoint, line)
		}
		entries = append(entries, x)
	}
	return entries, nil
}
