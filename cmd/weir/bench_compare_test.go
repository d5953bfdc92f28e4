package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/bench"
	"weir/bench/rivals"
)

// compareErr runs weir bench compare, which is to fail before it starts anything.
func compareErr(t *testing.T, args ...string) error {
	t.Helper()
	root := rootCommand()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(append([]string{"bench", "compare", "--dir", t.TempDir()}, args...))
	return root.ExecuteContext(t.Context())
}

func TestCompareRefusesWhatItCannotDo(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--brokers", "weir,pulsar"}, "pulsar"},
		{[]string{"--brokers", "weir,weir"}, "two brokers are called weir"},
		{[]string{"--brokers", "kafka", "-t", "kafka=127.0.0.1:1"}, "two brokers are called kafka"},
		{[]string{"--workload", "sleep"}, "sleep"},
		{[]string{"-t", "other"}, "other"},
		{[]string{"--brokers", ""}, "no broker"},
		{[]string{"--records", "-1"}, "records"},
		{[]string{"-w", "latency", "--rate", "fast"}, "50%"},
		{[]string{"-w", "produce", "--rate", "50%"}, "only latency"},
	} {
		err := compareErr(t, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v; want an error about %q", c.args, err, c.want)
		}
	}
}

func TestCompareSaysWhatIsMissingWhenItIsAskedFor(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("JAVA_HOME", "")
	err := compareErr(t, "--brokers", "nats", "--cache", t.TempDir())
	if !errors.Is(err, rivals.ErrMissing) || !strings.Contains(err.Error(), "scripts/setup brokers") {
		t.Errorf("got %v; want what is missing and what brings it", err)
	}
}

func TestCompareTakesFewerRecordsUnlessTold(t *testing.T) {
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"-w", "produce"}, 200_000},
		{[]string{"-w", "small"}, 50_000},
		{[]string{"-w", "latency"}, 0},
		{[]string{"-w", "produce", "-n", "900000"}, 900_000},
	} {
		var cmp comparison
		command := cmp.command()
		if err := command.ParseFlags(c.args); err != nil {
			t.Fatal(err)
		}
		got, err := cmp.configs(command)
		if err != nil || len(got) != 1 || got[0].Records != c.want {
			t.Errorf("%v: got %+v, %v; want %d records", c.args, got, err, c.want)
		}
	}
}

func TestRateIsANumberOrAShare(t *testing.T) {
	file := filepath.Join(t.TempDir(), "latency.yaml")
	if err := os.WriteFile(file, []byte("- {workload: latency, rate: 25%}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args        []string
		rate, share float64
	}{
		{[]string{"-w", "latency"}, 5000, 0},
		{[]string{"-w", "latency", "--rate", "300"}, 300, 0},
		{[]string{"-w", "latency", "--rate", "50%"}, 0, 0.5},
		{[]string{"--config", file}, 0, 0.25},
		{[]string{"--config", file, "--rate", "300"}, 300, 0},
	} {
		var cmp comparison
		command := cmp.command()
		if err := command.ParseFlags(c.args); err != nil {
			t.Fatal(err)
		}
		got, err := cmp.configs(command)
		if err != nil || len(got) != 1 || got[0].Rate != c.rate || got[0].PeakShare != c.share {
			t.Errorf("%v: got %+v, %v; want %g, %g", c.args, got, err, c.rate, c.share)
		}
	}
}

func TestSettingsArePrinted(t *testing.T) {
	var out bytes.Buffer
	err := printBrokers(&out, []bench.Target{{Name: "kafka", Version: "4.4.0", Settings: map[string]string{"heap": "1 GiB", "fsync before the answer": "no"}},
		{Name: "other", Bootstrap: "127.0.0.1:9092"}, {Name: "redis", Absent: "no such program"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"4.4.0", "fsync before the answer: no; heap: 1 GiB", "as it runs at 127.0.0.1:9092", "left out: no such program"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestBrokerCacheIsThatOfTheCheckout(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"scripts", "a/b"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "scripts", "setup"), nil, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(root, "a", "b"))
	got, err := brokerCache()
	if err != nil || filepath.Base(got) != ".cache" || !strings.HasPrefix(got, root) {
		t.Errorf("got %q, %v; want .cache of %s", got, err, root)
	}
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CACHE_HOME", root)
	if got, err = brokerCache(); err != nil || got != filepath.Join(root, "weir") {
		t.Errorf("got %q, %v; want weir in the user's cache", got, err)
	}
}
