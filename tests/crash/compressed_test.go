package crash

import (
	"errors"
	"strings"

	"weir/log"
	"weir/segment"
	"weir/vfs"
)

// config is how the run opens its logs.
func (how mode) config() log.Config {
	c := logConfig()
	c.CompressSegments = how.compress
	return c
}

// share has every so-manieth point of a sweep tried: what compression does not change is tried in the other modes.
func (how mode) share() int {
	if how.compress {
		return 3
	}
	return 1
}

// changeForms has the sealed segments of the partitions that stay compressed, and every third time expanded again.
func (r *run) changeForms(round int) error {
	c := r.config()
	c.CompressSegments = round%3 != 2
	var errs []error
	for _, n := range []int{idempotentPart, plainPart} {
		if p := r.parts[n]; p != nil {
			p.SetConfig(c)
			errs = append(errs, p.Log().SettleForms())
		}
	}
	return errors.Join(errs...)
}

// holdsRecords reports whether a file has the records of a segment in it.
func holdsRecords(name string) bool {
	return strings.HasSuffix(name, ".log") || isCompressed(name)
}

func isCompressed(name string) bool { return strings.HasSuffix(name, ".log"+segment.CompressedSuffix) }

// compressedFiles counts the segments of a disk that are compressed.
func compressedFiles(m *vfs.Mem) int {
	n := 0
	for part := range parts {
		names, _ := m.List(dataDir + "/" + partitionID(part).String()) // none before it is made
		for _, name := range names {
			if isCompressed(name) {
				n++
			}
		}
	}
	return n
}
