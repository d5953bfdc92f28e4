//go:build !linux

package limit

import (
	"io"
	"net"
	"os"
)

// osDisk is a file of the operating system; what it measures here is not the limit, since the bytes are copied.
type osDisk struct{ *os.File }

func (d osDisk) sync() error { return d.Sync() }

func (d osDisk) preallocate(at, n int64) error { return nil }

func (d osDisk) sendTo(to *net.TCPConn, prefix []byte, at int64, n int) error {
	if _, err := to.Write(prefix); err != nil {
		return err
	}
	_, err := io.Copy(to, io.NewSectionReader(d, at, int64(n)))
	return err
}
