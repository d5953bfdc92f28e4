//go:build unix

package cluster

import (
	"errors"
	"os"
	"syscall"
	"time"

	"weir/internal/clock"
)

// lockFile opens the file and takes bbolt's own lock on it, so that it can be checked before bbolt sees
// it. bbolt locks the same open file again, which is allowed.
func lockFile(path string, timeout time.Duration) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for pause := time.Millisecond; ; pause *= 2 {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(err, file.Close())
		}
		if pause > timeout {
			return nil, errors.Join(ErrLocked, file.Close())
		}
		<-clock.Real().NewTimer(pause).C()
	}
}
