package lint

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// room is one row of the import table: a package may import rooms of lower levels, and of its own level only
// what beside names.
type room struct {
	level  int
	beside []string
	reason string
}

// rooms is the import table of ARCHITECTURE.md. Import order is lock order: what is further down never calls
// up, and two rooms of one level do not know each other.
var rooms = map[string]room{
	"cmd":                {level: 10, reason: "flags to settings, one call into a room"},
	"broker":             {level: 9, reason: "opens the rooms bottom-up and closes them top-down"},
	"server":             {level: 8, reason: "frames and connections; knows handlers, not what they do"},
	"admin":              {level: 8, reason: "queues over HTTP; what both doors go by it takes from handlers"},
	"handlers":           {level: 7, reason: "one file per API; the last room that speaks Kafka's protocol"},
	"groups":             {level: 6, reason: "consumer groups as a state machine"},
	"txn":                {level: 6, reason: "transactions as a state machine"},
	"share":              {level: 6, reason: "what share groups have of partitions as a state machine"},
	"coordinator":        {level: 5, reason: "runs one replicated state machine per shard"},
	"cluster":            {level: 5, reason: "which metadata is true"},
	"partition":          {level: 4, reason: "leadership of one log: epochs, high watermark, waiters"},
	"log":                {level: 3, reason: "one partition's log"},
	"log/compact":        {level: 2, reason: "what compaction keeps of a log"},
	"log/journal":        {level: 2, reason: "newest bytes of many logs under one fsync"},
	"segment":            {level: 2, reason: "one log file with its indexes"},
	"index":              {level: 1, reason: "sorted fixed-width entries"},
	"metadata":           {level: 1, reason: "the immutable image"},
	"record":             {level: 0, beside: []string{"internal/invariant"}, reason: "batches"},
	"protocol":           {level: 0, beside: []string{"protocol/internal"}, reason: "the wire"},
	"vfs":                {level: 0, beside: []string{"internal/invariant"}, reason: "the only way to the disk"},
	"filter":             {level: 0, beside: []string{"record"}, reason: "which records a share group wants"},
	"config":             {level: 0, beside: []string{"filter"}, reason: "every setting"},
	"internal/clock":     {level: 0, reason: "time"},
	"internal/invariant": {level: 0, reason: "checks"},
	"internal/mutant":    {level: 0, reason: "faults that tests must find, in builds of their own"},
}

// outside are packages that stand beside the rooms: they may import any, and who may import them is listed.
var outside = map[string][]string{
	"bench":    {"bench", "cmd", "tests"},
	"tests":    {"tests"},
	"examples": {"tests"},
}

// restricted are packages with few allowed importers: settings reach the other rooms as Config structs, and
// the words of the protocol stop at handlers.
var restricted = []struct {
	prefix string
	rooms  []string
	reason string
}{
	{"weir/config", []string{"broker", "handlers", "admin", "cmd", "config"}, "every room owns its Config struct"},
	{"weir/protocol", []string{"handlers", "server", "protocol"}, "Kafka's words stop at handlers"},
	{"github.com/twmb/franz-go/pkg/kmsg", []string{"handlers", "server", "protocol", "bench", "cmd", "groups", "txn", "examples"},
		"Kafka's words stop at handlers; groups and txn take the formats of their internal topics from it"},
	{"github.com/twmb/franz-go/pkg/kerr", []string{"handlers", "bench", "cmd", "examples"},
		"handlers/errors.go is the only translator of errors"},
	{"github.com/twmb/franz-go/pkg/kgo", []string{"bench", "cmd", "examples"}, "a broker is no client"},
	{"weir/vfs", []string{"broker", "log", "log/journal", "segment", "index", "cmd", "partition", "cluster"},
		"the disk is reached through the log's rooms"},
	{"cel.dev/cel-go", []string{"filter"}, "filters are compiled in one place"},
	{"github.com/spf13/viper", []string{"config"}, "settings have one registry"},
	{"go.etcd.io/bbolt", []string{"cluster"}, "metadata goes through a MetaStore"},
}

// roomOf is the longest row of the table that a package path lies in.
func roomOf(path string) (string, bool) {
	best := ""
	for name := range rooms {
		if (path == name || strings.HasPrefix(path, name+"/")) && len(name) > len(best) {
			best = name
		}
	}
	return best, best != ""
}

func TestImportTable(t *testing.T) {
	for _, f := range source(t) {
		if f.test {
			continue
		}
		for _, path := range f.imports() {
			if target, ours := strings.CutPrefix(path, "weir/"); ours {
				checkImport(t, f, target)
			}
			if path == "log" {
				t.Errorf("%s imports the standard log: log is our package, use log/slog", f.path)
			}
		}
	}
}

func checkImport(t *testing.T, f goFile, target string) {
	t.Helper()
	top, _, _ := strings.Cut(f.room, "/")
	targetTop, _, _ := strings.Cut(target, "/")
	if importers, ok := outside[targetTop]; ok {
		if !slices.Contains(importers, top) {
			t.Errorf("%s imports weir/%s, which only %v may", f.path, target, importers)
		}
		return
	}
	if _, ok := outside[top]; ok {
		return
	}
	from, known := roomOf(f.room)
	to, knownToo := roomOf(target)
	if !known || !knownToo {
		t.Errorf("%s imports weir/%s: one of them has no row in the import table", f.path, target)
		return
	}
	if from == to || slices.Contains(rooms[from].beside, to) {
		return
	}
	if rooms[to].level >= rooms[from].level {
		t.Errorf("%s imports weir/%s: %s is on level %d (%s) and %s on level %d (%s); imports go down only", f.path,
			target, from, rooms[from].level, rooms[from].reason, to, rooms[to].level, rooms[to].reason)
	}
}

func TestRestrictedImports(t *testing.T) {
	for _, f := range source(t) {
		top, _, _ := strings.Cut(f.room, "/")
		if f.test || top == "tests" {
			continue
		}
		for _, path := range f.imports() {
			for _, r := range restricted {
				if (path == r.prefix || strings.HasPrefix(path, r.prefix+"/")) && !slices.Contains(r.rooms, top) {
					t.Errorf("%s imports %s, which only %v may: %s", f.path, path, r.rooms, r.reason)
				}
			}
		}
	}
}

// TestEveryRoomExists: a row for a room that is gone hides what took its place.
func TestEveryRoomExists(t *testing.T) {
	present := map[string]bool{}
	for _, f := range source(t) {
		if name, ok := roomOf(f.room); ok {
			present[name] = true
		}
	}
	for name := range rooms {
		if !present[name] {
			t.Errorf("the import table has a row for %s and there is no such package", name)
		}
	}
}

// tableRow is a row of the table in ARCHITECTURE.md: a level, and rooms in backquotes.
var tableRow = regexp.MustCompile(`(?m)^\| ([0-9]+) \| ([^|]+) \|`)

// TestArchitectureHasTheImportTable compares the table that people read with the one that is enforced.
func TestArchitectureHasTheImportTable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]int{}
	for _, row := range tableRow.FindAllStringSubmatch(string(text), -1) {
		level, err := strconv.Atoi(row[1])
		if err != nil {
			t.Fatal(err)
		}
		for name := range strings.SplitSeq(row[2], ",") {
			name = strings.TrimSuffix(strings.Trim(name, " `"), "/weir")
			written[name] = level
			if r, ok := rooms[name]; !ok || r.level != level {
				t.Errorf("ARCHITECTURE.md puts %s on level %d, the import table says %+v", name, level, r)
			}
		}
	}
	for name := range rooms {
		if _, ok := written[name]; !ok {
			t.Errorf("ARCHITECTURE.md does not name the room %s", name)
		}
	}
}
