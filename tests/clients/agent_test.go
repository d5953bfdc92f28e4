//go:build clients

package clients

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"weir/tests/brokers"
)

// agentTimeout bounds one request to an agent; a client that hangs is a failure, not a wait for the test's
// end.
const agentTimeout = 90 * time.Second

// dumpTime is how long an agent that hangs has to say where.
const dumpTime = 2 * time.Second

// agent is one client in a process of its own, as one test sees it. Its requests come from one goroutine at a
// time.
type agent struct {
	*process
	t testing.TB
}

// on is the same client for another test.
func (a *agent) on(t testing.TB) *agent { return &agent{a.process, t} }

type process struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	log  string

	once sync.Once    // ends the process once
	hung atomic.Int64 // where what it printed ends, and where it hangs begins; 0 while it has not hung
}

// start runs an agent; it ends with the test.
func start(t testing.TB, name string, command []string) *agent {
	t.Helper()
	a := &process{name: name, log: filepath.Join(t.TempDir(), "stderr")}
	stderr, err := os.Create(a.log)
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	a.cmd = exec.Command(command[0], command[1:]...)
	a.cmd.Stderr = stderr
	if a.in, err = a.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := a.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	a.out = bufio.NewReaderSize(out, 1<<20)
	if err := a.cmd.Start(); err != nil {
		t.Fatalf("start the agent of %s: %v (has `scripts/setup clients` run?)", name, err)
	}
	t.Cleanup(a.kill)
	return &agent{a, t}
}

// kill ends the process at once: for the broker, the member dies without a word.
func (a *process) kill() {
	a.once.Do(func() {
		_ = a.cmd.Process.Kill()
		_ = a.cmd.Wait()
	})
}

// dump has a process that hangs say where, and ends it: at SIGQUIT Java, Go and the Python agents print every thread's stack.
func (a *process) dump() {
	if info, err := os.Stat(a.log); err == nil {
		a.hung.Store(max(1, info.Size()))
	}
	if a.cmd.Process.Signal(syscall.SIGQUIT) == nil {
		time.Sleep(dumpTime) // a Java process lives on, and does not say when it has printed all
	}
	a.kill()
}

// try sends a request and returns the answer; the client's failure is an error, a broken agent ends the test.
func (a *agent) try(q request) (answer, error) {
	a.t.Helper()
	line, err := json.Marshal(q)
	if err != nil {
		a.t.Fatal(err)
	}
	watchdog := time.AfterFunc(agentTimeout, a.dump)
	defer watchdog.Stop()
	if _, err := a.in.Write(append(line, '\n')); err != nil {
		a.t.Fatalf("%s: send %s: %v\n%s", a.name, q.Op, a.why(err), a.stderr())
	}
	got, err := a.out.ReadBytes('\n')
	if err != nil {
		a.t.Fatalf("%s: no answer to %s: %v\n%s", a.name, describe(q), a.why(err), a.stderr())
	}
	var r answer
	if err := json.Unmarshal(got, &r); err != nil {
		a.t.Fatalf("%s: answer to %s: %v: %.200s", a.name, q.Op, err, got)
	}
	if r.Error != "" {
		return r, errors.New(r.Error)
	}
	return r, nil
}

// do is try for a request that must succeed.
func (a *agent) do(q request) answer {
	a.t.Helper()
	r, err := a.try(q)
	if err != nil {
		a.t.Fatalf("%s: %s: %v\n%s", a.name, describe(q), err, a.stderr())
	}
	return r
}

// why is why a process does not speak any more.
func (a *process) why(err error) error {
	if a.hung.Load() > 0 {
		return fmt.Errorf("it took longer than %v and was ended", agentTimeout)
	}
	return err
}

// stderr is the end of what the process printed; of one that hung also where: its first threads, and what stands at the end (of a Java
// process, which locks wait for each other).
func (a *process) stderr() string {
	text, _ := os.ReadFile(a.log)
	if len(text) == 0 {
		return ""
	}
	end := len(text)
	var dump string
	if hung := int(a.hung.Load()); hung > 0 && hung <= end {
		end, dump = hung, "\nwhere it hung: "+shortened(strings.TrimSpace(string(text[hung:])), 14_000, 3_000)
	}
	return "its standard error: " + strings.TrimSpace(string(text[max(0, end-2000):end])) + dump
}

// shortened is the begin and the end of a text.
func shortened(text string, begin, end int) string {
	if len(text) <= begin+end {
		return text
	}
	return text[:begin] + "\n[...]\n" + text[len(text)-end:]
}

func describe(q request) string {
	s := q.Op
	if q.Class != "" {
		s += " " + q.Class + " " + strings.Join(q.Args, " ")
	}
	if q.Topic != "" {
		s += " " + q.Topic
	}
	if q.Codec != "" {
		s += " " + q.Codec
	}
	if q.Group != "" {
		s += " in group " + q.Group
	}
	if q.Count > 0 {
		s += fmt.Sprintf(" partition %d from %d (%d records)", q.Partition, q.From, q.Count)
	}
	return s
}

// fetch reads count records and fails the test when they do not come.
func (a *agent) fetch(q request) []record {
	a.t.Helper()
	q.Op, q.WaitMs = "fetch", 30_000
	got := a.do(q).Records
	if len(got) < q.Count {
		a.t.Fatalf("%s: %s: %d came", a.name, describe(q), len(got))
	}
	return got
}

// TestHungAgents: one that takes too long says where it is before it is ended.
func TestHungAgents(t *testing.T) {
	t.Parallel()
	commands := map[string][]string{"kafka-tools": javaTool(t, "ToolHost")}
	for _, k := range kinds {
		commands[k.name] = k.command(brokers.MustRoot(t), brokers.KafkaLibs(t), "127.0.0.1:1")
	}
	for name, says := range map[string]string{"kafka-tools": "ToolHost.main(", "java": "Agent.main(", "franz-go": "main.main()", "aiokafka": "in serve"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, name, commands[name])
			_, _ = a.try(request{Op: "hello"}) // now it waits for the next
			a.dump()
			if text := a.stderr(); !strings.Contains(text, says) || !strings.Contains(a.why(io.EOF).Error(), "longer than") {
				t.Errorf("%v; no %q in %s", a.why(io.EOF), says, text)
			}
		})
	}
}
