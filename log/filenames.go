package log

import (
	"fmt"
	"strconv"
	"strings"

	"weir/segment"
)

// Names of the files in a data directory; all but the ballast are Kafka's.
const (
	lockFile            = ".lock"
	cleanMarkerFile     = ".kafka_cleanshutdown"
	recoveryPointFile   = "recovery-point-offset-checkpoint"
	logStartFile        = "log-start-offset-checkpoint"
	cleanedFile         = "cleaner-offset-checkpoint"
	ballastFile         = ".weir-ballast"
	probeFile           = ".weir-probe"
	leaderEpochFile     = "leader-epoch-checkpoint"
	deletedDirSuffix    = "-delete"
	logSuffix           = ".log"
	compressedSuffix    = logSuffix + segment.CompressedSuffix
	plainSuffix         = ".plain"
	snapshotSuffix      = ".snapshot"
	deletedSuffix       = ".deleted"
	cleanedSuffix       = ".cleaned"
	swapSuffix          = ".swap"
	tempSuffix          = ".tmp"
	offsetIndexSuffix   = ".index"
	timeIndexSuffix     = ".timeindex"
	txnIndexSuffix      = ".txnindex"
	offsetDigits        = 20
	maxPartitionOffsets = int64(1) << 62 // an offset read from a name or a checkpoint beyond this is damage
)

// offsetName is a segment file's name: the base offset in 20 digits, then the suffix.
func offsetName(offset int64, suffix string) string {
	return fmt.Sprintf("%0*d%s", offsetDigits, offset, suffix)
}

// offsetOf reads the base offset of a file named by offsetName.
func offsetOf(name, suffix string) (int64, bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	if !ok || len(digits) != offsetDigits {
		return 0, false
	}
	return parseOffset(digits)
}

// leadingOffset reads the offset that a file's name begins with, whatever follows it.
func leadingOffset(name string) (int64, bool) {
	if len(name) <= offsetDigits || name[offsetDigits] != '.' {
		return 0, false
	}
	return parseOffset(name[:offsetDigits])
}

func parseOffset(digits string) (int64, bool) {
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n < maxPartitionOffsets
}

// isIndexName reports whether the file is derived from the .log file of the same offset, or says something of it.
func isIndexName(name string) bool {
	return strings.HasSuffix(name, plainSuffix) || strings.HasSuffix(name, offsetIndexSuffix) || strings.HasSuffix(name, timeIndexSuffix) ||
		strings.HasSuffix(name, txnIndexSuffix)
}

func join(dir, name string) string { return dir + "/" + name }
