// Package dump shows the files of a data directory as text: segments, indexes, producer snapshots, leader epochs and the records
// of __consumer_offsets and __transaction_state. It only reads, takes no lock, and works beside a running broker and on directories that Apache
// Kafka wrote.
package dump

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"weir/index"
	"weir/log"
	storage "weir/segment"
	"weir/vfs"
)

// Options say what to show.
type Options struct {
	// Records shows each record of a segment, not only its batches.
	Records bool
	// Groups shows each record of a segment of __consumer_offsets as what it says of a group.
	Groups bool
	// Transactions shows each record of a segment of __transaction_state as what it says of a transactional id.
	Transactions bool
	// JSON shows each line as one JSON object.
	JSON bool
}

// Run shows a file, or every file of a directory in the order of their names, and gives an error if one is damaged.
func Run(w io.Writer, path string, o Options) error {
	p := printer{w: w, json: o.JSON}
	fsys := vfs.OS()
	info, err := fsys.Stat(path)
	if err != nil {
		return fmt.Errorf("look at %s: %w", path, err)
	}
	if !info.IsDir {
		return file(&p, fsys, path, o)
	}
	names, err := fsys.List(path)
	if err != nil {
		return fmt.Errorf("list %s: %w", path, err)
	}
	for _, name := range names {
		if kindOf(name) == nil {
			continue
		}
		if err := file(&p, fsys, filepath.Join(path, name), o); err != nil {
			return err
		}
	}
	return nil
}

// kind is a kind of file: how it is shown, and whether its name begins with a base offset.
type kind struct {
	show  func(p *printer, fsys vfs.FS, path string, base int64, o Options) error
	based bool
}

// compressed follows .log in the name of a compressed segment, which is shown as the plain one would be.
const compressed = storage.CompressedSuffix

// kindOf tells a file's kind by its name; nil where the name is not known.
func kindOf(name string) *kind {
	if strings.HasSuffix(name, "checkpoint") {
		return &kind{show: checkpoint}
	}
	switch filepath.Ext(strings.TrimSuffix(strings.TrimSuffix(name, ".deleted"), compressed)) {
	case ".log":
		return &kind{segment, true}
	case ".index":
		return &kind{offsets, true}
	case ".timeindex":
		return &kind{times, true}
	case ".txnindex":
		return &kind{transactions, true}
	case ".snapshot":
		return &kind{snapshot, true}
	}
	return nil
}

func file(p *printer, fsys vfs.FS, path string, o Options) error {
	name := filepath.Base(path)
	k := kindOf(name)
	if k == nil {
		return fmt.Errorf("show %s: the name tells no kind of file (.log, .log.zst, .index, .timeindex, .txnindex, .snapshot, *-checkpoint)", path)
	}
	var base int64
	if k.based {
		digits, _, _ := strings.Cut(name, ".")
		var err error
		if base, err = strconv.ParseInt(digits, 10, 64); err != nil {
			return fmt.Errorf("show %s: the name holds no base offset", path)
		}
	}
	p.title(path)
	if err := k.show(p, fsys, path, base, o); err != nil {
		return fmt.Errorf("show %s: %w", path, err)
	}
	return nil
}

func offsets(p *printer, fsys vfs.FS, path string, base int64, _ Options) error {
	x, err := index.OpenOffset(fsys, path, base, false)
	if err != nil {
		return err
	}
	defer x.Close()
	return entries(x, func(e index.OffsetEntry) { p.line("offset", e.Offset, "position", e.Position) })
}

func times(p *printer, fsys vfs.FS, path string, base int64, _ Options) error {
	x, err := index.OpenTime(fsys, path, base, false)
	if err != nil {
		return err
	}
	defer x.Close()
	return entries(x, func(e index.TimeEntry) { p.line("timestampMs", e.Timestamp, "offset", e.Offset) })
}

// entries shows the entries of an index of either kind.
func entries[E any](x interface {
	Count() int
	Entry(i int) (E, error)
}, show func(E)) error {
	for i := range x.Count() {
		e, err := x.Entry(i)
		if err != nil {
			return fmt.Errorf("read entry %d: %w", i, err)
		}
		show(e)
	}
	return nil
}

func transactions(p *printer, fsys vfs.FS, path string, base int64, _ Options) error {
	x, err := index.OpenTxn(fsys, path, base)
	if err != nil {
		return err
	}
	defer x.Close()
	all, err := x.All()
	if err != nil {
		return err
	}
	for _, a := range all {
		p.line("producerId", a.ProducerID, "firstOffset", a.FirstOffset, "lastOffset", a.LastOffset,
			"lastStableOffset", a.LastStableOffset)
	}
	return nil
}

func snapshot(p *printer, fsys vfs.FS, path string, _ int64, _ Options) error {
	data, err := readAll(fsys, path)
	if err != nil {
		return err
	}
	producers, err := log.DumpSnapshot(data)
	if err != nil {
		return err
	}
	for _, s := range producers {
		p.line("producerId", s.ProducerID, "producerEpoch", s.Epoch, "lastSequence", s.LastSequence, "lastTimestampMs",
			s.LastTimestamp, "coordinatorEpoch", s.CoordinatorEpoch, "txnStartOffset", s.TxnStartOffset)
	}
	return nil
}

// checkpoint shows Kafka's checkpoint files, which are text already: a version, a count, then a line an entry.
func checkpoint(p *printer, fsys vfs.FS, path string, _ int64, _ Options) error {
	data, err := readAll(fsys, path)
	if err != nil {
		return err
	}
	lines := slices.Collect(strings.Lines(string(data)))
	for _, line := range lines[min(2, len(lines)):] {
		f := strings.Fields(line)
		switch len(f) {
		case 2:
			p.line("leaderEpoch", f[0], "startOffset", f[1])
		case 3:
			p.line("topic", f[0], "partition", f[1], "offset", f[2])
		default:
			return fmt.Errorf("line %q has %d columns; want 2 or 3", strings.TrimSpace(line), len(f))
		}
	}
	return nil
}

func readAll(fsys vfs.FS, path string) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(f, 0, size))
}
