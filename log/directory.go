package log

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/btree"

	"weir/internal/clock"
	"weir/metadata"
	"weir/vfs"
)

// Directory is one data directory: its lock, clean-shutdown marker, checkpoints, logs, and the files to be
// removed. All methods are safe for concurrent use.
type Directory struct {
	fs    vfs.FS
	path  string
	cfg   DirectoryConfig
	clk   clock.Clock
	lg    *slog.Logger
	lock  io.Closer
	clean bool        // the last stop was clean
	full  atomic.Bool // no space: appends are refused until a probe succeeds

	// checkpointMu admits one writer of the recovery points at a time. It is taken before a log's locks.
	checkpointMu sync.Mutex
	// startsMu admits one writer of the log starts at a time. It is taken after a log's filesMu.
	startsMu sync.Mutex
	// cleanedMu admits one writer of the marks of compaction at a time. It is taken after a log's locks.
	cleanedMu sync.Mutex
	// namesMu guards named and is held across the fsync that moves it. It is taken after a log's syncMu.
	namesMu sync.Mutex
	named   int64        // so many of the made directories have durable names
	made    atomic.Int64 // partitions' directories made by this process

	mu      sync.Mutex // guards the fields below; no disk operation is done under it
	logs    map[metadata.PartitionID]*Log
	opening map[metadata.PartitionID]bool
	// recovery and starts are what the checkpoint files say, or will say at the next write, of all
	// partitions.
	recovery, starts map[metadata.PartitionID]int64
	cleaned          map[metadata.PartitionID]int64 // up to where logs are compacted; see loadCleaned
	compactions      map[*Log]bool                  // logs that are being compacted
	rolled           map[*Log]bool                  // have something for the housekeeper
	removals         *btree.BTreeG[removal]
	removalSeq       uint64
	ballast          bool // the ballast file holds its space
	closed           bool

	// Written by load only: any log may have gaps, and whether the recovery points of its logs are known.
	anyGaps, pointsKnown bool

	journal     shared
	compactor   compactor
	compression compression
	// unpointed is how many bytes have become durable since recovery points were last written.
	unpointed atomic.Int64

	poke chan struct{} // wakes the housekeeper; one slot
	stop chan struct{} // closed by Close
	done chan struct{} // closed when the housekeeper has returned
}

// OpenDirectory locks the directory, making it if need be, and reads its checkpoints. From then on an end of
// the process without Close is an unclean stop. vfs.ErrLocked when another process has it.
func OpenDirectory(fsys vfs.FS, path string, c DirectoryConfig, clk clock.Clock, lg *slog.Logger,
) (*Directory, error) {
	c = c.withDefaults()
	d := &Directory{
		fs: fsys, path: path, cfg: c, clk: clk, lg: lg,
		logs: map[metadata.PartitionID]*Log{}, opening: map[metadata.PartitionID]bool{}, rolled: map[*Log]bool{},
		removals: btree.NewG(8, byDue), compactions: map[*Log]bool{},
		poke: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	d.compression.init(c)
	d.journal.turn.L = &d.journal.mu
	if err := vfs.MakeDirs(fsys, path); err != nil {
		return nil, fmt.Errorf("make data directory %s: %w", path, err)
	}
	lock, err := fsys.Lock(join(path, lockFile))
	if err != nil {
		return nil, fmt.Errorf("lock data directory %s: %w", path, err)
	}
	d.lock = lock
	if err := d.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("open data directory %s: %w", path, err), lock.Close())
	}
	go d.housekeep()
	d.SetCompaction(d.cfg.Compaction)
	go d.compress()
	return d, nil
}

func (c DirectoryConfig) withDefaults() DirectoryConfig {
	setDefault(&c.CheckpointInterval, time.Minute)
	setDefault(&c.ProducerExpiryInterval, 10*time.Minute)
	setDefault(&c.ProbeInterval, time.Second)
	setDefault(&c.BallastBytes, 1<<20)
	setDefault(&c.JournalBytes, 64<<20)
	setDefault(&c.CheckpointBytes, 256<<20)
	setDefault(&c.CompressBytesPerSecond, 64<<20)
	setDefault(&c.FrameCacheBytes, 16<<20)
	return c
}

func setDefault[T int64 | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

func (d *Directory) load() error {
	names, err := d.fs.List(d.path)
	if err != nil {
		return err
	}
	var damage error
	if d.recovery, damage = readOffsets(d.fs, d.path, recoveryPointFile); damage != nil {
		if !errors.Is(damage, errBadCheckpoint) {
			return damage
		}
		// Everything is read anew: slow, but nothing is lost by it.
		d.lg.Warn("recovery points are unknown: every log is read from its start", "cause", damage)
	}
	if d.pointsKnown = d.recovery != nil; damage == nil && !d.pointsKnown {
		if d.pointsKnown, err = d.beginPoints(names); err != nil {
			return err
		}
	}
	if d.starts, damage = readOffsets(d.fs, d.path, logStartFile); damage != nil {
		if !errors.Is(damage, errBadCheckpoint) {
			return damage
		}
		d.lg.Warn("log start offsets are unknown: logs begin at their first segment", "cause", damage)
	}
	if d.recovery == nil {
		d.recovery = map[metadata.PartitionID]int64{}
	}
	if d.starts == nil {
		d.starts = map[metadata.PartitionID]int64{}
	}
	if err := d.loadCleaned(); err != nil {
		return err
	}
	if d.clean, err = takeMarker(d.fs, d.path); err != nil {
		return err
	}
	if !d.clean { // a directory that the process before made may be known to the page cache only
		if err := d.fs.SyncDir(d.path); err != nil {
			return fmt.Errorf("sync directory: %w", err)
		}
	}
	for _, name := range names {
		switch {
		case strings.HasSuffix(name, deletedDirSuffix):
			d.removeLater(0, func() error { return d.fs.RemoveAll(join(d.path, name)) })
		case strings.HasSuffix(name, tempSuffix):
			_ = d.fs.Remove(join(d.path, name)) // the next checkpoint overwrites it otherwise
		}
	}
	if err := d.replayJournal(); err != nil {
		return err
	}
	d.fillBallast()
	return nil
}

// beginPoints writes the first recovery points of a new directory, none: from then on it is known that what they do not
// name was never compacted.
func (d *Directory) beginPoints(names []string) (bool, error) {
	for _, name := range names {
		if _, err := metadata.ParsePartitionID(name); err == nil {
			return false, nil
		}
	}
	return true, d.replace(recoveryPointFile, encodeOffsets(nil))
}

// Path is the directory's name.
func (d *Directory) Path() string { return d.path }

// WasClean reports whether the last stop was clean.
func (d *Directory) WasClean() bool { return d.clean }

// DiskFull reports whether appends are refused for lack of space.
func (d *Directory) DiskFull() bool { return d.full.Load() }

// List returns the partitions that have a directory, open or not. One that the metadata does not know is
// never deleted by itself.
func (d *Directory) List() ([]metadata.PartitionID, error) {
	names, err := d.fs.List(d.path)
	if err != nil {
		return nil, fmt.Errorf("list data directory: %w", err)
	}
	var ids []metadata.PartitionID
	for _, name := range names {
		if id, err := metadata.ParsePartitionID(name); err == nil {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// Logs returns the open logs, in no order.
func (d *Directory) Logs() []*Log {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Values(d.logs))
}

// Open creates a log or opens the one that is there, recovering it after an unclean stop, and begins
// leaderEpoch at its end. A damaged log is returned too, out of service: its Err says why, and nothing of it
// was changed or deleted. The error is for a partition that cannot be opened at all.
func (d *Directory) Open(id metadata.PartitionID, c Config, leaderEpoch int32) (*Log, error) {
	l := &Log{id: id, path: join(d.path, id.String()), d: d, fs: d.fs, clk: d.clk, lg: d.lg,
		txns: newTransactions(), epoch: -1}
	l.cfg.Store(&c)
	l.list.Store(&segments{})
	k, err := d.beginOpen(l)
	if err != nil {
		return nil, err
	}
	err = d.makeDir(l, k)
	if err == nil {
		err = l.load(k)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.opening, id)
	if isDiskFull(err) || isTransient(err) {
		return nil, fmt.Errorf("open %s: %w: %w", id, ErrStorage, err)
	}
	if err != nil {
		_ = l.fail(fmt.Errorf("open %s: %w", id, err))
	} else {
		l.opened = l.end.Load()
		l.beginEpochLocked(leaderEpoch, l.opened)
		if l.otherForm() {
			d.noteFormsLocked(l)
		}
	}
	d.logs[id] = l
	return l, nil
}

// beginOpen reserves the partition and returns what is known of it.
func (d *Directory) beginOpen(l *Log) (known, error) {
	id := l.id
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return known{}, fmt.Errorf("open %s: %w", id, ErrClosed)
	}
	if d.logs[id] != nil || d.opening[id] {
		return known{}, fmt.Errorf("open %s: %w", id, ErrExists)
	}
	d.opening[id] = true
	d.knowGapsLocked(l)
	l.pointed.Store(d.recovery[id])
	k := known{clean: d.clean, recoveryPoint: d.recovery[id], pointsKnown: d.pointsKnown}
	k.start, k.hasStart = d.starts[id]
	return k, nil
}

// makeDir makes a partition's directory unless it is there. One that held durable records and is gone is
// damage. The name becomes durable with the log's first sync: a crash before it takes nothing that was promised,
// and the next Open makes the directory again.
func (d *Directory) makeDir(l *Log, k known) error {
	dir := l.path
	_, err := d.fs.Stat(dir)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if k.recoveryPoint > k.start {
		return fmt.Errorf("directory %s, which held records up to %d: %w", dir, k.recoveryPoint, errMissing)
	}
	if err := d.fs.MkdirAll(dir); err != nil {
		return err
	}
	l.made = d.made.Add(1)
	return nil
}

// syncNames makes the names of the first n directories that were made durable; one fsync serves all who wait.
func (d *Directory) syncNames(n int64) error {
	d.namesMu.Lock()
	defer d.namesMu.Unlock()
	if d.named >= n {
		return nil
	}
	made := d.made.Load()
	if err := d.fs.SyncDir(d.path); err != nil {
		return err
	}
	d.named = made
	return nil
}

// Close syncs and closes all logs and, if all of them could be, leaves the mark of a clean stop, which saves
// the next start from any recovery. When ctx ends first the stop is an unclean one: nothing is lost, the next
// start reads what lies past the recovery points.
func (d *Directory) Close(ctx context.Context) error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	d.mu.Unlock()
	close(d.stop)
	d.compactor.wait()
	<-d.done
	<-d.compression.done
	d.journal.mu.Lock() // from here on nobody makes one
	settling := d.journal.done
	d.journal.mu.Unlock()
	if settling != nil {
		<-settling
	}
	err := d.closeLogs(ctx)
	if err == nil {
		err = d.Checkpoint()
	}
	err = d.closeJournal(err)
	if err == nil {
		err = d.mark()
	}
	return errors.Join(err, d.lock.Close())
}
