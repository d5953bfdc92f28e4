package log

import (
	"errors"
	"fmt"
	"io/fs"

	"weir/record"
)

// loadEpochs reads the leader epochs; rebuild says that the file does not read.
func (l *Log) loadEpochs() (rebuild bool, err error) {
	data, err := readFile(l.fs, join(l.path, leaderEpochFile))
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("read leader epochs: %w", err)
	}
	if l.epochs.entries, err = decodeEpochs(data); err != nil {
		l.lg.Warn("leader epochs are rebuilt from the log", "partition", l.id.String(), "cause", err)
		return true, nil
	}
	return false, nil
}

// rebuildEpochs takes the leader epochs from the batches' headers.
func (l *Log) rebuildEpochs(list segments, end int64) error {
	l.epochs.clear()
	return scanAll(list, list[0].seg.BaseOffset(), end, func(h record.Header, _ *entry) error {
		if h.LeaderEpoch > l.epochs.latest() {
			l.epochs.assign(h.LeaderEpoch, h.BaseOffset)
		}
		return nil
	})
}

// epochsChecked is how many of the newest leader epochs are compared with the log when it is opened. The file has no
// checksum, and a wrong epoch would refuse every append or mislead a client about truncation.
const epochsChecked = 16

// epochsHold reports whether the newest epochs are those of the batches where they begin.
func (l *Log) epochsHold(list segments) bool {
	entries := l.epochs.entries
	for _, x := range entries[max(0, len(entries)-epochsChecked):] {
		first, hasFirst := epochAt(list, x.start)
		before, hasBefore := epochAt(list, x.start-1)
		// Where there is no batch, the log's start or end cuts the entry anyway.
		wrong := hasFirst && (first.LeaderEpoch != x.epoch || first.BaseOffset != x.start && x.start > l.start.Load())
		wrong = wrong || hasBefore && x.start > l.start.Load() && before.LeaderEpoch >= x.epoch
		if wrong && first.LeaderEpoch >= 0 {
			l.lg.Warn("leader epochs are rebuilt from the log", "partition", l.id.String(), "epoch", x.epoch,
				"start", x.start, "batch", first.LeaderEpoch)
			return false
		}
	}
	return true
}

func epochAt(list segments, offset int64) (record.Header, bool) {
	i := list.floor(offset)
	if i < 0 || offset < 0 {
		return record.Header{}, false
	}
	_, h, ok, err := list[i].seg.PositionOf(offset)
	return h, err == nil && ok
}
