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
	l.epochs.saved = data
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

// epochsChecked is how many of the newest leader epochs are compared with the log when it is opened. The file
// has no checksum, and a wrong epoch would refuse every append or mislead a client about truncation.
const epochsChecked = 16

// settleEpochs fits the leader epochs to the log as it was opened.
func (l *Log) settleEpochs(rebuild bool) error {
	list, start, end := *l.list.Load(), l.start.Load(), l.end.Load()
	l.epochs.cutEnd(end)
	l.epochs.cutStart(start)
	if start == end || !rebuild && l.epochsHold(list, start, end) {
		return nil
	}
	l.lg.Info("leader epochs are rebuilt from the log", "partition", l.id.String())
	if err := l.rebuildEpochs(list, end); err != nil {
		return err
	}
	l.epochs.cutStart(start)
	return nil
}

// epochsHold reports whether the newest epochs are those of the batches where they begin, and the newest of all is that
// of the last batch. Compaction may have taken the batches at which they begin: then those behind must be of the epoch
// that the file says.
func (l *Log) epochsHold(list segments, start, end int64) bool {
	last, ok := epochAt(list, end-1)
	if ok && last.LeaderEpoch >= 0 && last.LeaderEpoch != l.epochs.latest() {
		return false
	}
	gaps := !l.contiguous()
	entries := l.epochs.entries
	for _, x := range entries[max(0, len(entries)-epochsChecked):] {
		first, ok := epochAt(list, x.start)
		moved := ok && gaps && first.BaseOffset > x.start
		if ok && !moved && (first.LeaderEpoch != x.epoch || first.BaseOffset != x.start && x.start > start) {
			return false
		}
		if moved && first.LeaderEpoch != l.epochs.of(first.BaseOffset) {
			return false
		}
		before, ok := epochAt(list, x.start-1)
		if ok && before.BaseOffset < x.start && x.start > start && before.LeaderEpoch >= x.epoch {
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
