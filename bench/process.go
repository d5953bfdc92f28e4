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
	cpuSeconds float64
	peakMiB    float64 // the largest resident memory there was
	nowMiB     float64
}

// readUsage asks /proc about a process.
func readUsage(pid int) (usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, fmt.Errorf("read CPU time: %w", err)
	}
	// The name stands in parentheses and may hold spaces: fields are counted from behind it (proc(5)).
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return usage{}, fmt.Errorf("read CPU time of %d: got %d fields; want 13 or more", pid, len(fields))
	}
	user, err1 := strconv.ParseFloat(fields[11], 64)
	system, err2 := strconv.ParseFloat(fields[12], 64)
	if err1 != nil || err2 != nil {
		return usage{}, fmt.Errorf("read CPU time of %d: %q", pid, fields[11:13])
	}
	u := usage{cpuSeconds: (user + system) / ticksPerSecond}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return usage{}, fmt.Errorf("read memory: %w", err)
	}
	u.peakMiB, u.nowMiB = kib(status, "VmHWM:")/1024, kib(status, "VmRSS:")/1024
	return u, nil
}

func kib(status []byte, name string) float64 {
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			v, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return v
		}
	}
	return 0
}
