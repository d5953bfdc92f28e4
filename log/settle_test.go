package log

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/internal/clock"
	"weir/vfs"
)

// switchFiles has the other file of the journal begin its turn, as a round does when the present one is full.
func (r *rig) switchFiles() {
	s := &r.d.journal
	s.mu.Lock()
	defer s.mu.Unlock()
	s.switchFiles()
}

// TestFreedFileBeginsAnew frees a file of the journal by a fence while its logs are being settled. Who has bytes in its next turn is
// settled when that is over.
func TestFreedFileBeginsAnew(t *testing.T) {
	gate, settling, settled := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var watched atomic.Bool // first and second are there
	var first, second *Log
	began, ended := sync.OnceFunc(func() { close(settling); <-gate }), sync.OnceFunc(func() { close(settled) })
	fsys := vfs.Inject(vfs.NewMem(), func(op vfs.Op) error {
		if op.Kind == vfs.OpSync && strings.HasSuffix(op.Name, ".log") && watched.Load() {
			switch {
			case strings.HasPrefix(op.Name, first.path):
				began()
			case strings.HasPrefix(op.Name, second.path):
				ended()
			}
		}
		return nil
	})
	r := &rig{TB: t, fs: fsys, clk: clock.NewManual(testStart), cfg: smallConfig()}
	var err error
	r.d, err = OpenDirectory(r.fs, dataDir, DirectoryConfig{BallastBytes: 4096}, r.clk, quiet)
	must(t, err)
	for n, l := range []**Log{&first, &second} {
		*l, err = r.d.Open(testID(n), r.cfg, 0)
		must(t, err)
		r.l = *l
		r.append(data(1, 0))
		r.sync()
	}
	watched.Store(true)
	r.l = first
	r.journalSync(1)
	r.switchFiles()
	<-settling
	must(t, r.d.fence(first)) // as when it is deleted
	r.switchFiles()
	r.l = second
	r.journalSync(2)
	close(gate)
	r.switchFiles()
	select {
	case <-settled:
	case <-time.After(10 * time.Second):
		t.Fatal("the file's next turn was forgotten: what it holds may be overwritten before it is in its log's own file")
	}
	must(t, r.d.Close(context.Background()))
}

// TestFilesTakeTurnsFasterThanTheyAreSettled has the files of the journal freed by fences each time, before anybody has looked at
// them: nobody waits for that.
func TestFilesTakeTurnsFasterThanTheyAreSettled(t *testing.T) {
	r := newRig(t, smallConfig())
	r.append(data(1, 0))
	r.sync()
	r.journalSync(1)
	s := &r.d.journal
	s.mu.Lock()
	for range 10 {
		s.switchFiles()
		clear(s.logs[0])
		clear(s.logs[1])
	}
	s.mu.Unlock()
	r.journalSync(2)
}
