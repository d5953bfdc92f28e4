package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/handlers"
)

// TestDocsAreFresh compares docs/protocol.md with the table and the comments above the handlers, and these
// with each other: every API has one file, named for its key, whose header has the table's name and versions.
func TestDocsAreFresh(t *testing.T) {
	want, err := page("../..", handlers.Table())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/protocol.md is not what the handlers say; run go generate ./handlers")
	}
}

func TestHeadersAreChecked(t *testing.T) {
	const first, body = "// Thing (key 7), v1-v2.\n", "func f() {}\n"
	const good = first + "//\n// Behavior:\n//   - Does it.\n//\n// Version notes: v2 more.\n" + body
	table := []handlers.API{{Key: 7, Name: "Thing", Min: 1, Max: 2}}
	for name, c := range map[string]struct {
		file, text string
		table      []handlers.API
		err        string
	}{
		"good":            {"07_thing.go", good, table, ""},
		"other number":    {"08_thing.go", good, table, "must begin with 07_"},
		"no header":       {"07_thing.go", "func f() {}\n", table, "no comment begins"},
		"no behavior":     {"07_thing.go", first + body, table, "nothing about behavior"},
		"other versions":  {"07_thing.go", strings.Replace(good, "-v2", "-v3", 1), table, "the table Thing v1-v2"},
		"not in table":    {"07_thing.go", good, nil, "does not serve"},
		"not in files":    {"07_thing.go", good, append(table, handlers.API{Key: 9, Name: "Other"}), "has no file"},
		"stray paragraph": {"07_thing.go", first + "//\n// Well.\n" + body, table, "neither"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte("package p\n\n"+c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			text, err := page(dir, c.table)
			if c.err == "" {
				if err != nil || !strings.Contains(text, "- Does it.\n\nVersions: v2 more.\n") {
					t.Fatalf("page = %q, %v", text, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Fatalf("error %v, want one with %q", err, c.err)
			}
		})
	}
}
