package config

import (
	"os"
	"strings"
	"testing"
)

// TestTableHoldsKafka compares the table with what Apache Kafka 4.3.1 describes of itself: every setting
// is there, with the same type and default, or with Kafka's default noted beside ours.
func TestTableHoldsKafka(t *testing.T) {
	text, err := os.ReadFile("testdata/kafka-4.3.1.tsv")
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]*table{"broker": brokerDefs, "topic": topicDefs, "group": groupDefs}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) < 390 {
		t.Fatalf("only %d settings in the list", len(lines))
	}
	for _, line := range lines {
		f := strings.Split(line, "\t")
		kind, name, typ, def, scope := f[0], f[1], f[2], f[3], f[4]
		d := tables[kind].byName[name]
		if d == nil {
			t.Errorf("%s setting %s is missing", kind, name)
			continue
		}
		if d.Type.String() != typ {
			t.Errorf("%s: type %s; want %s", name, d.Type, typ)
		}
		ours := d.Default
		if d.Null {
			ours = "<null>"
		}
		noted := map[string]string{"": ours, "(empty)": "", "null": "<null>", "required": "<required>"}
		kafkas, ok := noted[d.Kafka]
		if !ok {
			kafkas = d.Kafka
		}
		if kafkas != def && !(def == "<required>" && d.Kafka == "required") {
			t.Errorf("%s: default %q, noted as Kafka's %q; Kafka has %q", name, ours, d.Kafka, def)
		}
		if kind == "broker" && d.Scope != ReadOnly && scope == "read-only" {
			t.Errorf("%s can change while running here but not in Kafka", name)
		}
	}
}

func TestTableIsSound(t *testing.T) {
	for kind, tab := range map[string]*table{"broker": brokerDefs, "topic": topicDefs, "group": groupDefs} {
		for i, d := range tab.defs {
			if i > 0 && tab.defs[i-1].Name >= d.Name {
				t.Errorf("%s setting %s stands twice", kind, d.Name)
			}
			if d.Doc == "" || !strings.HasSuffix(d.Doc, ".") || strings.ToLower(d.Name) != d.Name {
				t.Errorf("%s: doc %q", d.Name, d.Doc)
			}
			ours := strings.HasPrefix(d.Name, "weir.") || strings.Contains(d.Name, "segment.compression")
			if d.Own != ours {
				t.Errorf("%s: Own is %v", d.Name, d.Own)
			}
			if d.Broker != "" && brokerDefs.byName[d.Broker] == nil {
				t.Errorf("%s overrides %s, which does not exist", d.Name, d.Broker)
			}
			for _, s := range d.Synonyms {
				if brokerDefs.byName[s] == nil {
					t.Errorf("%s has the synonym %s, which does not exist", d.Name, s)
				}
			}
		}
	}
}

// TestTopicDefaultsFollowTheBroker: a topic's default must be what its broker setting comes to.
func TestTopicDefaultsFollowTheBroker(t *testing.T) {
	v := Defaults()
	for _, d := range append(TopicDefs(), GroupDefs()...) {
		if d.Broker == "" {
			continue
		}
		if got := v.lookup(d.Broker); got.text != d.initial.text {
			t.Errorf("%s has default %s, its broker setting %s gives %s", d.Name, d.initial.text, d.Broker, got.text)
		}
	}
}

// TestPathsAreNotAlterable: what names files, addresses or code must not change over the wire.
func TestPathsAreNotAlterable(t *testing.T) {
	for _, d := range BrokerDefs() {
		words := strings.Split(d.Name, ".")
		switch last := words[len(words)-1]; last {
		case "dir", "dirs", "file", "location", "url", "class", "path", "cmd", "listeners", "map", "reporters":
			if d.Scope != ReadOnly && d.Type != Int {
				t.Errorf("%s can be altered over the wire", d.Name)
			}
		}
	}
}

func TestNearest(t *testing.T) {
	for given, want := range map[string]string{
		"log.retention.hour": "log.retention.hours", "listener": "listeners", "num.partition": "num.partitions",
	} {
		if got := Nearest(given); got != want {
			t.Errorf("nearest to %s is %s; want %s", given, got, want)
		}
	}
}
