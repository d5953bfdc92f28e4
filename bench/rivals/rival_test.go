package rivals

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// fake gives a rival that is a shell script; it answers when its file is there.
func fake(script string) Rival {
	return Rival{Name: "fake", Kind: Kafka, start: func(ctx context.Context, s *site) error {
		return s.serve(ctx, exec.Command("sh", "-c", script), func(context.Context) error {
			_, err := os.Stat(s.path("ready"))
			return err
		})
	}}
}

func linuxOnly(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("asks /proc")
	}
}

func TestStopLeavesNothing(t *testing.T) {
	linuxOnly(t)
	for name, script := range map[string]string{
		"one process":                     "touch ready; exec sleep 600",
		"a child in its group":            "sleep 600 & touch ready; wait",
		"a child in a session of its own": "setsid sleep 600 & sleep 600 & touch ready; wait",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r, err := start(t.Context(), fake(script), Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			family := descendants(os.Getpid())
			if len(family) == 0 {
				t.Fatal("no process was started")
			}
			if err := r.Stop(); err != nil {
				t.Fatal(err)
			}
			for _, p := range family {
				if now, ok := readProcess(p.pid); ok && now.start == p.start {
					t.Errorf("%s (%d) still runs", p.name, p.pid)
				}
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("it left %s", left[0].Name())
			}
			if err := r.Stop(); err != nil {
				t.Errorf("second stop: %v", err)
			}
		})
	}
}

func TestStopKillsWhoDoesNotListen(t *testing.T) {
	linuxOnly(t)
	s := &site{dir: t.TempDir()}
	cmd := exec.Command("sh", "-c", "trap '' TERM; touch ready; while :; do sleep 600; done")
	if err := s.serve(t.Context(), cmd, func(context.Context) error { _, err := os.Stat(s.path("ready")); return err }); err != nil {
		t.Fatal(err)
	}
	family := append(descendants(cmd.Process.Pid), process{pid: cmd.Process.Pid})
	if err := s.children[0].stop(time.Millisecond); err != nil {
		t.Fatal(err)
	}
	for _, p := range family {
		if now, ok := readProcess(p.pid); ok && (now.start == p.start || p.start == "") {
			t.Errorf("%d still runs", p.pid)
		}
	}
}

func TestStartSaysWhatFailed(t *testing.T) {
	dir := t.TempDir()
	_, err := start(t.Context(), fake("echo no disk; exit 3"), Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "no disk") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v; want the status and the output", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("it left %s", left[0].Name())
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("nobody wants it")
	r := Rival{Name: "fake", start: func(_ context.Context, s *site) error {
		return s.serve(ctx, exec.Command("sleep", "600"), func(context.Context) error { cancel(stopped); return errors.New("not yet") })
	}}
	if _, err := start(ctx, r, Options{Dir: t.TempDir()}); !errors.Is(err, stopped) {
		t.Errorf("got %v; want %v", err, stopped)
	}
}

func TestUnknownNameListsTheNames(t *testing.T) {
	_, err := Start(t.Context(), "pulsar", Options{})
	if err == nil || !strings.Contains(err.Error(), "rabbitmq-quorum") {
		t.Errorf("got %v; want the names there are", err)
	}
}

func TestMissingProgramSaysWhatBringsIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("JAVA_HOME", "")
	for name, want := range map[string]string{"nats": "nats-server", "redis": "redis-server", "kafka": "java"} {
		_, err := Start(t.Context(), name, Options{Dir: t.TempDir(), Cache: t.TempDir()})
		if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "scripts/setup brokers") {
			t.Errorf("%s: got %v; want what is missing and what brings it", name, err)
		}
	}
}

func TestLoopbackPortsDiffer(t *testing.T) {
	busy, err := loopback(1)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", busy[0])
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	nextPort.n-- // ask for the busy one again
	got, err := loopback(3)
	if err != nil {
		t.Fatal(err)
	}
	if got[0] == got[1] || got[1] == got[2] || got[0] == busy[0] || got[1] == busy[0] || got[2] == busy[0] {
		t.Errorf("got %v while %s is busy", got, busy[0])
	}
}

func TestJarsAreCompared(t *testing.T) {
	// The SHA-256 of "abc" as FIPS 180-2 gives it.
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	write := func(t *testing.T, files map[string]string) string {
		dir := t.TempDir()
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"as listed", map[string]string{"a.jar": "abc"}, ""},
		{"another text", map[string]string{"a.jar": "abd"}, "has the SHA-256"},
		{"one too many", map[string]string{"a.jar": "abc", "b.jar": "abc"}, "b.jar"},
		{"one too few", nil, "did not come"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := checkJars(write(t, c.files), abc+"  a.jar\n")
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v; want %q", err, c.want)
			}
		})
	}
}

func TestVersions(t *testing.T) {
	if got := versionIn("\n  ##  ##      RabbitMQ 3.10.8\n  ##  ##\n"); got != "3.10.8" {
		t.Errorf("got %q", got)
	}
	if got := versionIn("nothing"); got != "" {
		t.Errorf("got %q", got)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kafka_2.13-4.4.0.jar"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := kafkaVersion(dir); got != "4.4.0" {
		t.Errorf("got %q", got)
	}
}
