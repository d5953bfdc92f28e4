package vfs

import (
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

const haveSendfile = true

// sendfileMax bounds one system call; Linux itself moves at most 0x7ffff000 bytes a call.
const sendfileMax = 1 << 30

// sendfile sends n bytes of fd from pos. The position is passed by value to the kernel, so the descriptor's
// own cursor, which all readers of the file share, is neither read nor moved.
func sendfile(tcp *net.TCPConn, fd int, pos, n int64) (int64, error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return 0, err
	}
	var sent int64
	var sendErr error
	err = raw.Write(func(sock uintptr) bool {
		for sent < n {
			off := pos + sent
			k, err := unix.Sendfile(int(sock), fd, &off, int(min(n-sent, sendfileMax)))
			if k > 0 {
				sent += int64(k)
			}
			switch {
			case err == unix.EINTR:
			case err == unix.EAGAIN:
				return false // the socket is full: the poller calls again when there is room
			case err != nil:
				sendErr = os.NewSyscallError("sendfile", err)
				return true
			case k <= 0:
				sendErr = io.ErrUnexpectedEOF // the file ends before pos+n
				return true
			}
		}
		return true
	})
	if sendErr != nil {
		return sent, sendErr
	}
	return sent, err
}

func datasync(o *osFile) error {
	for {
		if err := unix.Fdatasync(o.fd); err != unix.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}

func preallocate(o *osFile, size int64) error {
	for {
		err := unix.Fallocate(o.fd, unix.FALLOC_FL_KEEP_SIZE, 0, size)
		switch err {
		case nil, unix.EOPNOTSUPP, unix.ENOSYS:
			return nil // a file system without it allocates as it writes
		case unix.EINTR:
			continue
		default:
			return os.NewSyscallError("fallocate", err)
		}
	}
}
