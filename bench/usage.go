package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ticksPerSecond is Linux's USER_HZ, in which /proc counts CPU time; it is 100 on every architecture that Go runs on.
const ticksPerSecond = 100

// usage is what a process has used so far.
type usage struct {
	user, system float64 // CPU seconds
	rss, peak    int64   // bytes resident now and at most since the peak was reset
	written      *int64  // bytes; nil where /proc does not tell
	read         *int64
	flushes      *int64 // of the block device; nil where it is not known
}

// readUsage asks /proc about a process and the device of its data directory, "" where that is not known.
func readUsage(pid int, dataDir string) (usage, error) {
	u, err := readCPU(pid)
	if err != nil {
		return u, err
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u, fmt.Errorf("read memory: %w", err)
	}
	u.rss, u.peak = count(status, "VmRSS:")<<10, count(status, "VmHWM:")<<10
	if io, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid)); err == nil {
		written, read := count(io, "write_bytes:"), count(io, "read_bytes:")
		u.written, u.read = &written, &read
	}
	if dataDir != "" {
		if n, err := deviceFlushes(dataDir); err == nil {
			u.flushes = &n
		}
	}
	return u, nil
}

// readCPU gives the CPU time of a process and its resident memory.
func readCPU(pid int) (usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, fmt.Errorf("read CPU time: %w", err)
	}
	// The name stands in parentheses and may hold spaces: fields are counted from behind it (proc(5)).
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 22 {
		return usage{}, fmt.Errorf("read CPU time of %d: got %d fields; want 22 or more", pid, len(fields))
	}
	user, err1 := strconv.ParseFloat(fields[11], 64)
	system, err2 := strconv.ParseFloat(fields[12], 64)
	pages, err3 := strconv.ParseInt(fields[21], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return usage{}, fmt.Errorf("read CPU time of %d: %q", pid, fields)
	}
	return usage{user: user / ticksPerSecond, system: system / ticksPerSecond, rss: pages * int64(os.Getpagesize())}, nil
}

// resetPeak has the kernel forget the largest resident memory so far; where it may not, the peak is sampled instead.
func resetPeak(pid int) bool {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0) == nil
}

// since gives what was used after before. The peak is the kernel's where that was reset, else what is resident now.
func (u usage) since(before usage, reset bool) *Usage {
	out := &Usage{UserSeconds: u.user - before.user, SystemSeconds: u.system - before.system, RSSBytes: u.rss, PeakRSSBytes: u.rss}
	if reset {
		out.PeakRSSBytes = max(out.PeakRSSBytes, u.peak)
	}
	out.WrittenBytes, out.ReadBytes, out.Flushes = less(u.written, before.written), less(u.read, before.read), less(u.flushes, before.flushes)
	return out
}

func less(after, before *int64) *int64 {
	if after == nil || before == nil {
		return nil
	}
	n := *after - *before
	return &n
}

// plus adds the usage of a later stage; u may be nil.
func (u *Usage) plus(later *Usage) *Usage {
	if u == nil || later == nil {
		return later
	}
	sum := func(a, b *int64) *int64 {
		if a == nil || b == nil {
			return nil
		}
		n := *a + *b
		return &n
	}
	return &Usage{UserSeconds: u.UserSeconds + later.UserSeconds, SystemSeconds: u.SystemSeconds + later.SystemSeconds,
		RSSBytes: later.RSSBytes, PeakRSSBytes: max(u.PeakRSSBytes, later.PeakRSSBytes), WrittenBytes: sum(u.WrittenBytes, later.WrittenBytes),
		ReadBytes: sum(u.ReadBytes, later.ReadBytes), Flushes: sum(u.Flushes, later.Flushes)}
}

// count finds a number in a file of /proc by the name before it.
func count(text []byte, name string) int64 {
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			if words := strings.Fields(rest); len(words) > 0 {
				n, _ := strconv.ParseInt(words[0], 10, 64)
				return n
			}
		}
	}
	return 0
}
