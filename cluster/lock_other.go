//go:build !unix

package cluster

import (
	"os"
	"time"
)

// lockFile opens the file; where there is no flock the lock that bbolt takes itself must do.
func lockFile(path string, _ time.Duration) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR, 0o600)
}
