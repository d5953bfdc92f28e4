package bench

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// deviceFlushes is how often the block device under a directory was told to empty its cache, by anybody (the 16th figure of
// /sys/dev/block/MAJOR:MINOR/stat).
func deviceFlushes(dir string) (int64, error) {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return 0, fmt.Errorf("find device of %s: %w", dir, err)
	}
	text, err := os.ReadFile(fmt.Sprintf("/sys/dev/block/%d:%d/stat", unix.Major(st.Dev), unix.Minor(st.Dev)))
	if err != nil {
		return 0, fmt.Errorf("read device: %w", err)
	}
	fields := strings.Fields(string(text))
	if len(fields) < 16 {
		return 0, errors.New("read device: this kernel does not count flushes")
	}
	return strconv.ParseInt(fields[15], 10, 64)
}

// writeBack has everything written to the file system of a directory reach the disk, so that the dirty pages of one run are not
// billed to the next.
func writeBack(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("write back: %w", err)
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return fmt.Errorf("write back: %w", err)
	}
	return nil
}

// touchPages takes and gives back so much memory, so that every run begins with free pages that the machine really has: a host
// takes free pages away from a virtual machine, and a page cache that grows into such pages costs several times as much.
// Without this a broker whose neighbour in turn has just deleted its files would look far better than the others.
func touchPages(size int64) error {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return fmt.Errorf("touch pages: %w", err)
	}
	size = min(size, int64(uint64(info.Totalram)*uint64(info.Unit)/4))
	b, err := unix.Mmap(-1, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_POPULATE)
	if err != nil {
		return fmt.Errorf("touch pages: %w", err)
	}
	if err := unix.Munmap(b); err != nil {
		return fmt.Errorf("touch pages: %w", err)
	}
	return nil
}

// dropCache has the kernel forget the cached pages of the files under dir that were not written to since the given time, and
// gives their number and bytes. They must have been written back before.
func dropCache(dir string, since time.Time) (files int, size int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the broker deletes files while this walks
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer f.Close()
		st, err := f.Stat()
		if err != nil || st.ModTime().After(since) {
			return err
		}
		files, size = files+1, size+st.Size()
		return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	})
	if err != nil {
		return files, size, fmt.Errorf("drop page cache: %w", err)
	}
	return files, size, nil
}

// clientCPU is the CPU seconds that this process has used.
func clientCPU() float64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// preciseSleep waits with the kernel's own resolution: the runtime's timers are up to a millisecond late when a processor idles,
// which would stand in every latency.
func preciseSleep(d time.Duration) {
	const coarse = 3 * time.Millisecond
	end := time.Now().Add(d)
	if d > coarse {
		time.Sleep(d - coarse)
	}
	for {
		left := time.Until(end)
		if left <= 0 {
			return
		}
		ts := unix.NsecToTimespec(int64(left))
		_ = unix.Nanosleep(&ts, nil) // a signal may end it early: the loop goes on
	}
}

// describeMachine gives the facts that stand in a report.
func describeMachine(m *Machine) {
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		m.MemoryBytes = count(text, "MemTotal:") << 10
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
}
