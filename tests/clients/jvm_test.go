//go:build clients

package clients

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"weir/tests/brokers"
)

// jvm is a Java process that runs until it is told to end; it ends with the test.
type jvm struct {
	t      testing.TB
	cmd    *exec.Cmd
	log    string        // the file that has what it printed
	exited chan struct{} // closed when it has ended
}

// startJVM runs a main class with the tools' jars. Its output goes to a file of dir, whose end is shown if the test fails.
func startJVM(t testing.TB, dir, name, class string, args ...string) *jvm {
	t.Helper()
	line := append(javaTool(t, class), args...)
	p := &jvm{t: t, cmd: exec.Command(line[0], line[1:]...), log: filepath.Join(dir, name+".log"), exited: make(chan struct{})}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if err := brokers.StartChild(p.cmd); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			text := p.printed()
			t.Logf("the end of %s: %s", filepath.Base(p.log), text[max(0, len(text)-3000):])
		}
	})
	return p
}

// kill ends it as kill -9 does and waits until it is gone.
func (p *jvm) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// stop asks it to end (SIGTERM) and waits until it has.
func (p *jvm) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	<-p.exited
}

func (p *jvm) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

func (p *jvm) printed() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		p.t.Error(err)
	}
	return string(text)
}

// writeProperties makes a file of settings for a Java program.
func writeProperties(t testing.TB, file string, settings map[string]string) {
	t.Helper()
	var lines strings.Builder
	for name, value := range settings {
		lines.WriteString(name + "=" + value + "\n")
	}
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
