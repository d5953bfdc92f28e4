package log

import (
	"fmt"

	"weir/segment"
)

// leavePlain remembers, beyond a restart, that compressing a segment is not worth while at the level that was tried.
func (l *Log) leavePlain(e *entry) {
	e.leftAt = int(l.cfg.Load().CompressionLevel)
	note := fmt.Sprintf("zstd %d does not make %d bytes small\n", e.leftAt, e.seg.Size())
	// Without the note, or with half of it, the next start tries once more.
	_ = writeFile(l.fs, join(l.path, offsetName(e.seg.BaseOffset(), plainSuffix)), []byte(note))
	l.lg.Debug("a segment stays plain", "partition", l.id.String(), "segment", e.seg.BaseOffset(), "bytes", e.seg.Size(),
		"level", e.leftAt)
}

// leftPlainAt returns the level at which a segment was found not to compress, -1 when it was not tried. A note about
// other bytes than there are now, of a segment that was replaced, says nothing.
func (l *Log) leftPlainAt(seg *segment.Segment) int {
	name := join(l.path, offsetName(seg.BaseOffset(), plainSuffix))
	if info, err := l.fs.Stat(name); err != nil || info.Size > 100 {
		return -1
	}
	note, err := readFile(l.fs, name)
	if err != nil {
		return -1
	}
	var level int
	var size int64
	if n, _ := fmt.Sscanf(string(note), "zstd %d does not make %d bytes small\n", &level, &size); n < 2 || level < 1 ||
		size != seg.Size() {
		return -1
	}
	return level
}
