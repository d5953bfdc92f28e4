package log

import (
	"errors"
	"fmt"
	"io"

	"weir/record"
)

// walkFile visits the last offset of every batch of a .log file that is not opened as a segment.
func (l *Log) walkFile(name string, visit func(lastOffset int64)) (err error) {
	f, err := l.fs.Open(join(l.path, name))
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Size()
	if err != nil {
		return fmt.Errorf("size of %s: %w", name, err)
	}
	var b [record.HeaderSize]byte
	for pos := int64(0); pos+record.HeaderSize <= size; {
		if _, err := f.ReadAt(b[:], pos); err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read %s: %w", name, err)
		}
		h, err := record.ParseHeader(b[:])
		if err != nil || h.LastOffsetDelta < 0 {
			return nil // the end of what is whole; opening the segment judges the rest
		}
		visit(h.LastOffset())
		pos += int64(h.Size())
	}
	return nil
}
