package rivals

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"weir/bench"
)

// site is where one broker runs: its directory, its processes, and what is to be said of it.
type site struct {
	Options
	dir      string
	target   bench.Target
	children []*child // in the order of their start
	stopping sync.Once
}

// syncKey stands first in every broker's settings.
const syncKey = "fsync before the answer"

func (s *site) say(format string, a ...any) {
	if s.Say != nil {
		s.Say(fmt.Sprintf(format, a...))
	}
}

// path is a file in the broker's directory.
func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) write(name, text string) (string, error) {
	return s.path(name), os.WriteFile(s.path(name), []byte(text), 0o600)
}

// run starts a process of the broker, its output in a file of the directory.
func (s *site) run(cmd *exec.Cmd) (*child, error) {
	out, err := os.OpenFile(s.path("output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if cmd.Dir == "" {
		cmd.Dir = s.dir
	}
	c, err := startChild(cmd)
	if err != nil {
		return nil, err
	}
	s.children = append(s.children, c)
	s.target.PID = cmd.Process.Pid
	return c, nil
}

// readyTimeout bounds how long a broker may take to answer; a virtual machine with a just-in-time compiler on a busy computer is slow.
const readyTimeout = 2 * time.Minute

// serve runs the broker's process and waits until probe finds that it answers.
func (s *site) serve(ctx context.Context, cmd *exec.Cmd, probe func(context.Context) error) error {
	c, err := s.run(cmd)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	var last error
	for {
		attempt, end := context.WithTimeout(ctx, 5*time.Second)
		err := probe(attempt)
		end()
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-c.gone:
			return fmt.Errorf("it ended at once: %w", errors.Join(c.err, errors.New("before it answered")))
		case <-ctx.Done():
			return fmt.Errorf("no answer: %w", errors.Join(context.Cause(ctx), last))
		case <-time.After(20 * time.Millisecond): // nothing announces that a foreign process listens
		}
	}
}

func (s *site) stop() error {
	var failed error
	s.stopping.Do(func() {
		for i := len(s.children) - 1; i >= 0; i-- {
			failed = errors.Join(failed, s.children[i].stop(stopGrace))
		}
		failed = errors.Join(failed, os.RemoveAll(s.dir))
	})
	return failed
}

// tail is the end of what the broker printed, at most n bytes.
func (s *site) tail(n int) string {
	text, err := os.ReadFile(s.path("output"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-n):])
}

// loopback gives n addresses of 127.0.0.1 that are free. The ports lie below those that Linux gives to outgoing connections, so
// that none is taken between now and the broker's start by a client of another.
func loopback(n int) ([]string, error) {
	const first, last = 19400, 19999
	nextPort.Lock()
	defer nextPort.Unlock()
	var out []string
	for range last - first + 1 {
		if len(out) == n {
			return out, nil
		}
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(first+nextPort.n%(last-first+1)))
		nextPort.n++
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			return nil, err
		}
		out = append(out, addr)
	}
	if len(out) < n {
		return nil, fmt.Errorf("fewer than %d ports of %d to %d are free on 127.0.0.1", n, first, last)
	}
	return out, nil
}

// nextPort goes round the range, so that a port is not given twice while a broker starts; processes begin at different places.
var nextPort = struct {
	sync.Mutex
	n int
}{n: os.Getpid()}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

// program finds an executable: at one of the places, else on the PATH.
func program(name, brings string, places ...string) (string, error) {
	for _, p := range places {
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return filepath.Abs(p)
		}
	}
	found, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is %w: `scripts/setup brokers` brings it, or %s", name, ErrMissing, brings)
	}
	return filepath.Abs(found)
}
