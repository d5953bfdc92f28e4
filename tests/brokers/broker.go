package brokers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"weir/bench/rivals"
)

// Kinds of broker.
const (
	KindWeir  = "weir"
	KindKafka = "kafka"
)

// readyTimeout bounds how long a broker may take to answer its first request; a JVM on a busy machine is
// slow.
const readyTimeout = 90 * time.Second

// Broker is one broker as a child process. Start, Kill and Stop may be called again and again: it keeps its
// port and its directory. Only the test's own goroutine may call them.
type Broker struct {
	Kind string // KindWeir or KindKafka
	Addr string // host:port where it listens
	Dir  string // where it keeps its data (log.dirs)
	Log  string // the file that has its output, of every start

	tb      testing.TB
	command func() *exec.Cmd
	cmd     *exec.Cmd
	exited  chan struct{} // closed when cmd has ended; exitErr is set before
	exitErr error

	mu sync.Mutex // guards cmd, exited and exitErr against the cleanup that a failing test runs
}

// Start runs the broker and returns when it answers. The time it took is returned.
func (b *Broker) Start() time.Duration {
	b.tb.Helper()
	began := time.Now()
	b.launch()
	if err := b.awaitReady(began.Add(readyTimeout)); err != nil {
		b.tb.Fatalf("start %s: %v\n%s", b.Kind, err, b.Tail(4000))
	}
	return time.Since(began)
}

func (b *Broker) launch() {
	b.tb.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	out, err := os.OpenFile(b.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		b.tb.Fatal(err)
	}
	defer out.Close()
	cmd := b.command()
	cmd.Stdout, cmd.Stderr = out, out
	if err := StartChild(cmd); err != nil {
		b.tb.Fatalf("start %s: %v", b.Kind, err)
	}
	exited := make(chan struct{})
	b.cmd, b.exited = cmd, exited
	go func() {
		err := cmd.Wait()
		b.mu.Lock()
		b.exitErr = err
		b.mu.Unlock()
		close(exited)
	}()
}

func (b *Broker) awaitReady(deadline time.Time) error {
	var last error
	for time.Now().Before(deadline) {
		select {
		case <-b.exited:
			return fmt.Errorf("it ended at once: %w", b.exitErr)
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		last = rivals.ProbeKafka(ctx, b.Addr)
		cancel()
		if last == nil {
			return nil
		}
		time.Sleep(5 * time.Millisecond) // nothing announces that a foreign process listens
	}
	return fmt.Errorf("no answer: %w", last)
}

// PID is the process that runs now.
func (b *Broker) PID() int { return b.cmd.Process.Pid }

// Kill ends the broker at once, as kill -9 does, and waits until it is gone.
func (b *Broker) Kill() {
	b.tb.Helper()
	if err := b.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		b.tb.Fatalf("kill %s: %v", b.Kind, err)
	}
	<-b.exited
}

// Stop asks the broker to end (SIGTERM) and returns how long it took. Not ending within a minute, or ending
// with a status other than 0 (143 from a JVM), fails the test.
func (b *Broker) Stop() time.Duration {
	b.tb.Helper()
	began := time.Now()
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.tb.Fatalf("stop %s: %v\n%s", b.Kind, err, b.Tail(4000))
	}
	select {
	case <-b.exited:
	case <-time.After(time.Minute):
		b.Kill()
		b.tb.Fatalf("%s did not end within a minute of SIGTERM\n%s", b.Kind, b.Tail(4000))
	}
	var exit *exec.ExitError
	if errors.As(b.exitErr, &exit) && !(b.Kind == KindKafka && exit.ExitCode() == 143) {
		b.tb.Errorf("%s ended with %v after SIGTERM\n%s", b.Kind, b.exitErr, b.Tail(4000))
	}
	return time.Since(began)
}

// Running says whether the process lives.
func (b *Broker) Running() bool {
	select {
	case <-b.exited:
		return false
	default:
		return true
	}
}

// Tail is the end of what the broker printed, at most n bytes.
func (b *Broker) Tail(n int) string {
	text, err := os.ReadFile(b.Log)
	if err != nil {
		return err.Error()
	}
	return "the end of its output:\n" + string(text[max(0, len(text)-n):])
}

// RSS is the memory the process has resident, in bytes.
func (b *Broker) RSS() (int64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(b.PID()), "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("no VmRSS in the process's status")
}

// newBroker makes a broker that ends with the test; its directory goes with the test's.
func newBroker(tb testing.TB, kind string, dir string) *Broker {
	tb.Helper()
	b := &Broker{Kind: kind, Dir: filepath.Join(dir, "data"), Log: filepath.Join(dir, kind+".log"), tb: tb}
	b.Addr = fmt.Sprintf("127.0.0.1:%d", ReservePort(tb))
	tb.Cleanup(func() {
		if b.cmd != nil && b.Running() {
			b.Kill()
		}
		if tb.Failed() {
			tb.Logf("%s at %s: %s", b.Kind, b.Addr, b.Tail(3000))
		}
	})
	return b
}

// New starts a broker of this kind with settings beside those every test broker has.
func New(tb testing.TB, kind string, settings map[string]string) *Broker {
	tb.Helper()
	if kind == KindKafka {
		return Kafka(tb, settings)
	}
	return Weir(tb, settings)
}

// Measured is New for a test that tells how fast the broker is: Apache Kafka has the compilers and the collector of its own start script.
func Measured(tb testing.TB, kind string, settings map[string]string) *Broker {
	tb.Helper()
	if kind == KindKafka {
		return kafka(tb, settings, "-XX:+UseG1GC")
	}
	return Weir(tb, settings)
}
