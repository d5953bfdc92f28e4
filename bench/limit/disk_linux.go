package limit

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// osDisk is a file of the operating system. *os.File keeps its number open during a call, so that a file may be removed
// while it is read.
type osDisk struct{ *os.File }

// sync is fdatasync(2).
func (d osDisk) sync() error { return d.call("fdatasync", unix.Fdatasync) }

// preallocate has the file's blocks ready before they are written: a sync has less to record then.
func (d osDisk) preallocate(at, n int64) error {
	return d.call("fallocate", func(fd int) error {
		err := unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, at, n)
		if err == unix.EOPNOTSUPP || err == unix.ENOSYS {
			return nil // a file system without it allocates as it writes
		}
		return err
	})
}

func (d osDisk) call(name string, do func(fd int) error) error {
	c, err := d.SyscallConn()
	if err != nil {
		return err
	}
	failed := unix.EINTR
	if err := c.Control(func(fd uintptr) {
		for failed == unix.EINTR {
			failed, _ = do(int(fd)).(unix.Errno)
		}
	}); err != nil {
		return err
	}
	if failed != 0 {
		return os.NewSyscallError(name, failed)
	}
	return nil
}

// sendTo sends prefix and then n bytes of the file from at; prefix waits in the kernel for the first of them.
func (d osDisk) sendTo(to *net.TCPConn, prefix []byte, at int64, n int) error {
	in, err := d.SyscallConn()
	if err != nil {
		return err
	}
	out, err := to.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	send := func(file, socket uintptr) (done bool) {
		for len(prefix) > 0 || n > 0 {
			var sent int
			if len(prefix) > 0 {
				sent, failed = unix.SendmsgN(int(socket), prefix, nil, nil, unix.MSG_MORE)
				prefix = prefix[max(sent, 0):]
			} else if sent, failed = unix.Sendfile(int(socket), int(file), &at, n); failed == nil {
				n -= sent
			}
			switch {
			case failed == unix.EINTR:
			case failed == unix.EAGAIN:
				return false // the socket is full: the poller calls again when there is room
			case failed == nil && sent == 0:
				failed = unix.EIO // the file is shorter than what was written to it
				return true
			case failed != nil:
				return true
			}
		}
		return true
	}
	err = out.Write(func(socket uintptr) (done bool) {
		if gone := in.Control(func(file uintptr) { done = send(file, socket) }); gone != nil {
			failed, done = gone, true
		}
		return done
	})
	if err != nil {
		return err
	}
	return os.NewSyscallError("sendfile", failed)
}
