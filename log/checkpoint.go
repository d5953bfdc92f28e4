package log

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"weir/metadata"
	"weir/vfs"
)

// errBadCheckpoint says that a checkpoint file does not read as one.
var errBadCheckpoint = errors.New("checkpoint is damaged")

// checksumTopic stands in the topic column of an offset checkpoint's last line, whose offset column is the
// CRC-32C of the lines before it. Kafka's reader takes the line for one more partition; ours refuses a file
// without it, because a single wrong digit here would hide records or let recovery cut too much.
const checksumTopic = "crc32c"

// encodeLines writes Kafka's checkpoint form: version, number of lines, lines.
func encodeLines(lines []string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "0\n%d\n", len(lines))
	for _, l := range lines {
		b.WriteString(l)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// decodeLines reads Kafka's checkpoint form. As Kafka does, an empty file is an empty checkpoint.
func decodeLines(data []byte) ([]string, error) {
	if len(data) == 0 {
		return nil, nil
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if lines[0] != "0" {
		return nil, fmt.Errorf("%w: version %q", errBadCheckpoint, lines[0])
	}
	if len(lines) < 2 {
		return nil, fmt.Errorf("%w: no count", errBadCheckpoint)
	}
	n, err := strconv.Atoi(lines[1])
	if err != nil || n != len(lines)-2 {
		return nil, fmt.Errorf("%w: count %q of %d lines", errBadCheckpoint, lines[1], len(lines)-2)
	}
	return lines[2:], nil
}

// encodeOffsets writes an offset checkpoint (Kafka's OffsetCheckpointFile, topics named by id), sorted.
func encodeOffsets(offsets map[metadata.PartitionID]int64) []byte {
	lines := make([]string, 0, len(offsets)+1)
	for id, offset := range offsets {
		lines = append(lines, fmt.Sprintf("%s %d %d", id.Topic, id.Index, offset))
	}
	slices.Sort(lines)
	lines = append(lines, fmt.Sprintf("%s 0 %d", checksumTopic, linesChecksum(lines)))
	return encodeLines(lines)
}

func linesChecksum(lines []string) uint32 {
	return crc32.Checksum([]byte(strings.Join(lines, "\n")), crc32.MakeTable(crc32.Castagnoli))
}

// decodeOffsets reads what encodeOffsets wrote and refuses anything else.
func decodeOffsets(data []byte) (map[metadata.PartitionID]int64, error) {
	lines, err := decodeLines(data)
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%w: no checksum line", errBadCheckpoint)
	}
	last := len(lines) - 1
	if lines[last] != fmt.Sprintf("%s 0 %d", checksumTopic, linesChecksum(lines[:last])) {
		return nil, fmt.Errorf("%w: checksum", errBadCheckpoint)
	}
	offsets := make(map[metadata.PartitionID]int64, last)
	for _, line := range lines[:last] {
		f := strings.Fields(line)
		if len(f) != 3 {
			return nil, fmt.Errorf("%w: line %q", errBadCheckpoint, line)
		}
		id, err := metadata.ParsePartitionID(f[0] + "-" + f[1])
		if err != nil {
			return nil, fmt.Errorf("%w: line %q: %w", errBadCheckpoint, line, err)
		}
		offset, err := strconv.ParseInt(f[2], 10, 64)
		if err != nil || offset < 0 || offset >= maxPartitionOffsets {
			return nil, fmt.Errorf("%w: line %q", errBadCheckpoint, line)
		}
		offsets[id] = offset
	}
	return offsets, nil
}

// readFile returns a whole file; errors.Is(err, fs.ErrNotExist) when there is none.
func readFile(fsys vfs.FS, name string) (data []byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	data = make([]byte, size)
	if size > 0 {
		if n, err := f.ReadAt(data, 0); n < len(data) {
			return nil, fmt.Errorf("read %s: %d of %d bytes: %w", name, n, size, err)
		}
	}
	return data, nil
}

// writeFile creates name with data and syncs it; the directory is the caller's to sync.
func writeFile(fsys vfs.FS, name string, data []byte) (err error) {
	f, err := fsys.Create(name)
	if err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.WriteAt(data, 0); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", name, err)
	}
	return nil
}

// replaceFile makes dir/name hold data at once: a temporary file is written, synced and renamed over it.
func replaceFile(fsys vfs.FS, dir, name string, data []byte) error {
	temp := join(dir, name+tempSuffix)
	if err := writeFile(fsys, temp, data); err != nil {
		_ = fsys.Remove(temp) // give its space back; it is overwritten or swept up otherwise
		return err
	}
	if err := fsys.Rename(temp, join(dir, name)); err != nil {
		return fmt.Errorf("rename %s: %w", temp, err)
	}
	if err := fsys.SyncDir(dir); err != nil {
		return fmt.Errorf("sync directory %s: %w", dir, err)
	}
	return nil
}

// readOffsets loads an offset checkpoint. None, or a damaged one (which is reported), is nil: nothing is
// known then.
func readOffsets(fsys vfs.FS, dir, name string) (offsets map[metadata.PartitionID]int64, damage error) {
	data, err := readFile(fsys, join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if offsets, err = decodeOffsets(data); err != nil {
		return nil, fmt.Errorf("read %s: %w", join(dir, name), err)
	}
	return offsets, nil
}
