package main

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"weir/bench"
)

// benchSays runs weir bench with words that measure nothing.
func benchSays(t *testing.T, words ...string) (string, error) {
	t.Helper()
	root := rootCommand()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(append([]string{"bench"}, words...))
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// TestShownWorkloadsAreAFile: what --show prints is what --config reads, for every workload.
func TestShownWorkloadsAreAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "workloads.yaml")
	for _, w := range bench.Workloads() {
		text, err := benchSays(t, string(w), "--show", "--seed", "7", "--linger", "0s", "--topic-setting", "flush.messages=2")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readConfigs(file, "")
		want := bench.Default(w)
		want.Seed, want.Linger, want.TopicSettings = 7, 0, map[string]string{"flush.messages": "2"}
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("%s: got %+v, %v; want %+v\n%s", w, got, err, want, text)
		}
	}
}

// TestADurationIsHeeded: though the workload counts records by default.
func TestADurationIsHeeded(t *testing.T) {
	for _, c := range []struct {
		words []string
		want  string
	}{
		{[]string{"produce", "--duration", "5s"}, "records: 0"},
		{[]string{"produce", "--duration", "5s", "-n", "70"}, "records: 70"},
		{[]string{"compare", "produce", "--duration", "5s"}, "records: 0"},
		{[]string{"compare", "produce", "small"}, "records: 50000"},
	} {
		if text, err := benchSays(t, append(c.words, "--show")...); err != nil || !strings.Contains(text, c.want+"\n") {
			t.Errorf("%v: %v; want %q in\n%s", c.words, err, c.want, text)
		}
	}
}

func TestMistakesOfUsage(t *testing.T) {
	for _, c := range []struct{ words, want string }{
		{"", "name a workload"},
		{"latncy", "latncy"},
		{"produce consume", "at most 1 arg"},
		{"produce --size 0", "record_bytes is 0"},
		{"produce --rate fast", "50%"},
		{"produce --duration soon", "soon"},
		{"produce -t here", "NAME=HOST:PORT"},
		{"share --duration 5s", "share needs records"},
		{"compare latncy", "latncy"},
		{"compare produce -w consume", "either"},
		{"report", "at least 1 arg"},
	} {
		_, err := benchSays(t, strings.Fields(c.words)...)
		if err == nil || !strings.Contains(err.Error(), c.want) || exitCode(err) != 2 {
			t.Errorf("weir bench %s: got %v, exit code %d; want %q and 2", c.words, err, exitCode(err), c.want)
		}
	}
}

// TestFilesAreTriedFirst: a report that cannot be written is found out before the measurement, not after it.
func TestFilesAreTriedFirst(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "kept.csv")
	if err := os.WriteFile(kept, []byte("earlier"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, words := range [][]string{{"produce"}, {"compare", "produce"}} {
		words = append(words, "--csv", kept, "--save", filepath.Join(dir, "new.json"), "--html", filepath.Join(dir, "missing", "page.html"))
		if text, err := benchSays(t, words...); err == nil || !strings.Contains(err.Error(), "page.html") || text != "" {
			t.Errorf("%v: got %v and %q; want an error about the page, at once", words, err, text)
		}
	}
	if text, err := os.ReadFile(kept); string(text) != "earlier" {
		t.Errorf("the file that was there holds %q, %v", text, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
