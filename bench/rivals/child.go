package rivals

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopGrace is how long a process may take to end after SIGTERM before it is killed: the data is thrown away, so nobody needs it.
const stopGrace = 15 * time.Second

// child is a process that was started here, leader of a process group of its own.
type child struct {
	cmd  *exec.Cmd
	gone chan struct{} // closed when it has ended and what it left in its group was killed; err is set before
	err  error
}

func startChild(cmd *exec.Cmd) (*child, error) {
	prepareChild(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, gone: make(chan struct{})}
	go func() {
		awaitEnd(cmd)
		c.err = cmd.Wait()
		close(c.gone)
	}()
	return c, nil
}

// stop asks the process to end, kills it if it does not within grace, and returns when it and everything it started is gone.
func (c *child) stop(grace time.Duration) error {
	family := descendants(c.cmd.Process.Pid)
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %d: %w", c.cmd.Process.Pid, err)
	}
	select {
	case <-c.gone:
	case <-time.After(grace):
		if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("kill %d: %w", c.cmd.Process.Pid, err)
		}
		<-c.gone
	}
	return endAll(family)
}

// process is one process of this machine. Its number may be given to another when it has ended: start tells them apart.
type process struct {
	pid, parent int
	name        string
	start       string // in ticks since the machine's own start
}

// readProcess asks /proc about a process; ok is false where there is none.
func readProcess(pid int) (p process, ok bool) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return p, false
	}
	// The name stands in parentheses and may hold both spaces and parentheses (proc(5)).
	text := string(stat)
	from, to := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if from < 0 || to < from {
		return p, false
	}
	fields := strings.Fields(text[to+1:])
	if len(fields) < 20 || fields[0] == "Z" {
		return p, false
	}
	parent, err := strconv.Atoi(fields[1])
	return process{pid: pid, parent: parent, name: text[from+1 : to], start: fields[19]}, err == nil
}

// descendants are the processes that a process started, and those that they did, as far as they live.
func descendants(root int) []process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil // no Linux
	}
	children := map[int][]process{}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			if p, ok := readProcess(pid); ok {
				children[p.parent] = append(children[p.parent], p)
			}
		}
	}
	var out []process
	next := []int{root}
	for len(next) > 0 {
		for _, p := range children[next[0]] {
			out, next = append(out, p), append(next, p.pid)
		}
		next = next[1:]
	}
	return out
}

// endAll waits a moment for processes to follow the one that started them, then kills them.
func endAll(family []process) error {
	const patience, afterKill = 2 * time.Second, 10 * time.Second
	began, killed := time.Now(), false
	for {
		var alive []process
		for _, p := range family {
			if now, ok := readProcess(p.pid); ok && now.start == p.start {
				alive = append(alive, p)
			}
		}
		switch took := time.Since(began); {
		case len(alive) == 0:
			return nil
		case took > patience && !killed:
			killed = true
			for _, p := range alive {
				if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
					return fmt.Errorf("kill %s (%d): %w", p.name, p.pid, err)
				}
			}
		case took > afterKill:
			return fmt.Errorf("%d processes are still there, among them %s (%d)", len(alive), alive[0].name, alive[0].pid)
		}
		time.Sleep(10 * time.Millisecond) // nothing announces the end of a process that is not a child
	}
}
