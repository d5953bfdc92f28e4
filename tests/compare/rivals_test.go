//go:build compare

package compare

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"weir/bench"
	"weir/bench/drivers"
	"weir/bench/rivals"
	"weir/tests/brokers"
)

// TestRivals starts every broker that `weir bench compare` knows and has its driver do each workload that the broker can do; then
// it looks for processes and files that were left behind.
func TestRivals(t *testing.T) {
	root := brokers.MustRoot(t)
	for _, r := range rivals.All() {
		t.Run(r.Name, func(t *testing.T) {
			dir := t.TempDir()
			b, err := rivals.Start(t.Context(), r.Name, rivals.Options{Dir: dir, Cache: filepath.Join(root, ".cache"), Weir: brokers.WeirBinary(t)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := b.Stop(); err != nil {
					t.Error(err)
				}
				checkNothingLeft(t, dir)
			})
			if b.PID == 0 || b.Settings["fsync before the answer"] == "" {
				t.Errorf("nothing is said of process %d, settings %v", b.PID, b.Settings)
			}
			if b.Version == "" && b.Kind != rivals.Limit {
				t.Error("its version is not known")
			}
			for _, w := range []bench.Workload{bench.Produce, bench.Consume, bench.EndToEnd, bench.Small, bench.FanOut, bench.Share} {
				t.Run(string(w), func(t *testing.T) { checkWorkload(t, b, w) })
			}
		})
	}
}

// shares are the kinds of broker that do the workload share.
var shares = map[string]bool{rivals.Kafka: true, rivals.NATS: true, rivals.RabbitMQQuorum: true, rivals.Redis: true}

// checkWorkload runs a workload with few records: the workloads themselves compare what came with what was sent.
func checkWorkload(t *testing.T, b *rivals.Running, w bench.Workload) {
	if w == bench.FanOut && b.Kind == rivals.RabbitMQQuorum {
		t.Skip("reading a queue empties it")
	}
	if w == bench.Share && !shares[b.Kind] {
		t.Skip("it has no members that acknowledge record by record, or its driver does not do it")
	}
	c := bench.Default(w)
	c.Partitions, c.Records, c.Runs, c.WarmUp = 3, 3001, 1, 0
	c.Producers, c.Consumers = 2, 2
	if w == bench.EndToEnd {
		c.Records, c.Duration, c.Rate = 0, time.Second, 500
	}
	report, err := bench.Run(t.Context(), c, []bench.Target{b.Target}, drivers.Open, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Results) != 1 {
		t.Fatalf("got %d results; want 1", len(report.Results))
	}
	m := report.Results[0]
	if m.Records == 0 || m.Seconds == 0 || m.Broker == nil || m.Broker.RSSBytes == 0 {
		t.Errorf("got %d records in %g s, the broker's usage %+v; want all of them measured", m.Records, m.Seconds, m.Broker)
	}
}

// TestNobodyReads: where the reader of its output goes, `weir bench compare` ends and leaves neither a broker nor a file.
func TestNobodyReads(t *testing.T) {
	dir := t.TempDir()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(brokers.WeirBinary(t), "bench", "compare", "--brokers", "redis,weir", "-w", "produce", "-n", "1000", "--dir", dir)
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	for lines := bufio.NewScanner(read); lines.Scan() && lines.Text() != "starting weir"; {
	}
	read.Close() // the first broker runs
	if err := cmd.Wait(); err == nil {
		t.Error("it ended well though nobody has its figures")
	}
	checkNothingLeft(t, dir)
}

// TestAbsentBrokerIsADash: `weir bench compare` measures what it can start, says of the others why not, and does not fail for them.
func TestAbsentBrokerIsADash(t *testing.T) {
	dir, page := t.TempDir(), filepath.Join(t.TempDir(), "page.html")
	cmd := exec.Command(brokers.WeirBinary(t), "bench", "compare", "--brokers", "limit,nats,weir", "-w", "produce", "-n", "1000", "--runs", "2",
		"--warm-up", "0", "--dir", dir, "--cache", t.TempDir(), "--html", page)
	cmd.Env = append(os.Environ(), "PATH="+t.TempDir())
	var said bytes.Buffer
	cmd.Stderr = &said
	table, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, said.Bytes())
	}
	const reason = "nats-server is not installed"
	if n := strings.Count(string(table), reason); n != 2 {
		t.Errorf("the reason stands %d times in the output; want it among the settings and below the table:\n%s", n, table)
	}
	dash := false
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		dash = dash || len(fields) > 2 && fields[0] == "nats" && fields[1] == "–" && fields[2] == "–"
	}
	if text, err := os.ReadFile(page); !dash || err != nil || !strings.Contains(string(text), reason) {
		t.Errorf("no row of dashes, or no reason on the page (%v):\n%s", err, table)
	}
	checkNothingLeft(t, dir)
}

// TestUnsupportedIsAnError: a driver that cannot do a workload says so before it does anything.
func TestUnsupportedIsAnError(t *testing.T) {
	b, err := rivals.Start(t.Context(), "redis", rivals.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Stop(); err != nil {
			t.Error(err)
		}
	})
	c := bench.Default(bench.Churn)
	c.Runs, c.WarmUp = 1, 0
	report, err := bench.Run(t.Context(), c, []bench.Target{b.Target}, drivers.Open, nil)
	if err == nil || len(report.Results) != 1 || report.Results[0].Error == "" {
		t.Errorf("got %v and %+v; want an error in both", err, report.Results)
	}
}

// checkNothingLeft looks for files in dir and for processes whose command line or environment names it.
func checkNothingLeft(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	processes, err := os.ReadDir("/proc")
	if err != nil {
		t.Skip("no /proc: ", err)
	}
	for _, p := range processes {
		pid, err := strconv.Atoi(p.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		for _, file := range []string{"cmdline", "environ"} {
			text, err := os.ReadFile(filepath.Join("/proc", p.Name(), file))
			if err == nil && strings.Contains(string(text), dir) {
				t.Errorf("process %d still runs: %s", pid, strings.ReplaceAll(string(text), "\x00", " "))
			} else if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, os.ErrPermission) {
				continue // it ended while it was looked at
			}
		}
	}
}
