package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestDocsAreFresh(t *testing.T) {
	page, err := os.ReadFile("../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != Markdown() {
		t.Error("docs/config.md is not what the table says; run go generate ./config")
	}
}

// TestIgnoredIsHonest looks for each setting's name in the rooms that read settings. What is named there
// has an effect; what is not has none, unless another name stands for it.
func TestIgnoredIsHonest(t *testing.T) {
	named := literals(t, "../broker", "../handlers", "../groups", "../server", "../cmd/weir")
	share, err := os.ReadFile("share.go") // reads them for the handlers
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`"([a-z]+\.[a-z.]+)"`).FindAllStringSubmatch(string(share), -1) {
		named[m[1]] = true
	}
	// BrokerID reads these, and the level of a codec is asked for by the codec's name.
	for _, name := range []string{"node.id", "broker.id", "compression.gzip.level", "compression.lz4.level",
		"compression.zstd.level"} {
		named[name] = true
	}
	// These are only written, into the settings of the topic that transactions live in.
	for _, name := range []string{"min.insync.replicas", "unclean.leader.election.enable"} {
		delete(named, name)
	}
	for _, d := range append(TopicDefs(), GroupDefs()...) {
		if named[d.Name] && d.Broker != "" {
			named[d.Broker] = true
		}
	}
	for _, d := range BrokerDefs() {
		if d.Synonyms != nil && named[d.Synonyms[0]] {
			named[d.Name] = true
			for _, s := range d.Synonyms {
				named[s] = true
			}
		}
	}
	for _, tab := range []*table{brokerDefs, topicDefs, groupDefs} {
		for _, d := range tab.defs {
			if named[d.Name] && d.Ignored {
				t.Errorf("%s is marked as ignored, but a room reads it", d.Name)
			}
			if !named[d.Name] && !d.Ignored {
				t.Errorf("%s is said to have an effect, but no room reads it", d.Name)
			}
		}
	}
}

func literals(t *testing.T, dirs ...string) map[string]bool {
	t.Helper()
	quoted := regexp.MustCompile(`"([a-z][a-z0-9.]*[a-z0-9])"`)
	found := make(map[string]bool)
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no source in %s: %v", dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
				found[m[1]] = true
			}
		}
	}
	return found
}
