package log

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"weir/vfs"
)

// cleanMarker is the content of .kafka_cleanshutdown (CleanShutdownFileHandler.java, KIP-966).
type cleanMarker struct {
	Version     int   `json:"version"`
	BrokerEpoch int64 `json:"brokerEpoch"`
}

// writeMarker says that everything in dir is synced and checkpointed.
func writeMarker(fsys vfs.FS, dir string, brokerEpoch int64) error {
	data, err := json.Marshal(cleanMarker{BrokerEpoch: brokerEpoch})
	if err != nil {
		return fmt.Errorf("encode clean-shutdown marker: %w", err)
	}
	return replaceFile(fsys, dir, cleanMarkerFile, data)
}

// takeMarker reports whether the last stop was clean and removes the marker durably: from here on it would
// lie. One that does not read counts as none, which costs a recovery from the recovery points and no data.
func takeMarker(fsys vfs.FS, dir string) (clean bool, err error) {
	name := join(dir, cleanMarkerFile)
	data, err := readFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		var m cleanMarker
		clean = json.Unmarshal(data, &m) == nil && m.Version == 0
	}
	if err := fsys.Remove(name); err != nil {
		return false, fmt.Errorf("remove %s: %w", name, err)
	}
	if err := fsys.SyncDir(dir); err != nil {
		return false, fmt.Errorf("sync directory %s: %w", dir, err)
	}
	return clean, nil
}
