package brokers

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// testSettings are what both brokers get, so that a test neither waits for the defaults of production nor
// differs by broker.
var testSettings = map[string]string{
	"group.initial.rebalance.delay.ms":         "0",
	"offsets.topic.num.partitions":             "10",
	"offsets.topic.replication.factor":         "1",
	"transaction.state.log.replication.factor": "1",
	"transaction.state.log.min.isr":            "1",
	"auto.create.topics.enable":                "true",
	"num.partitions":                           "1",
}

func merged(settings map[string]string) map[string]string {
	all := maps.Clone(testSettings)
	maps.Copy(all, settings)
	return all
}

// weirBinary builds the program once per test process.
var weirBinary = sync.OnceValues(func() (string, error) {
	if bin := os.Getenv("WEIR_BIN"); bin != "" {
		return filepath.Abs(bin)
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(root, ".cache", fmt.Sprintf("weir-test-%d", os.Getpid()))
	build := exec.Command("go", "build", "-o", bin, "./cmd/weir")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build weir: %w\n%s", err, out)
	}
	return bin, nil
})

// WeirBinary is the program under test: WEIR_BIN, or a build of this tree.
func WeirBinary(tb testing.TB) string {
	tb.Helper()
	bin, err := weirBinary()
	if err != nil {
		tb.Fatal(err)
	}
	return bin
}

// Main runs a package's tests, removes what WeirBinary built for them, and exits. A package whose tests start a Weir calls it in TestMain.
func Main(m *testing.M) {
	code := m.Run()
	clean()
	os.Exit(code)
}

func clean() {
	root, err := Root()
	if err == nil {
		_ = os.Remove(filepath.Join(root, ".cache", fmt.Sprintf("weir-test-%d", os.Getpid())))
	}
}

// Weir starts a Weir.
func Weir(tb testing.TB, settings map[string]string) *Broker {
	tb.Helper()
	b := newBroker(tb, KindWeir, tb.TempDir())
	bin := WeirBinary(tb)
	args := []string{"serve", "--set", "listeners=PLAINTEXT://" + b.Addr, "--set", "log.dirs=" + b.Dir}
	all := merged(settings)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		args = append(args, "--set", name+"="+all[name])
	}
	b.command = func() *exec.Cmd {
		cmd := exec.Command(bin, args...)
		cmd.Env = withoutSettings(os.Environ())
		return cmd
	}
	b.Start()
	return b
}

// withoutSettings drops what Weir would take for a setting, this package's own variables among them.
func withoutSettings(env []string) []string {
	return slices.DeleteFunc(env, func(v string) bool {
		return strings.HasPrefix(v, "WEIR_") || strings.HasPrefix(v, "KAFKA_")
	})
}
