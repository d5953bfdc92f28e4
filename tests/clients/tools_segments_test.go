//go:build clients

package clients

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/tests/brokers"
)

// segments has Kafka's decoder of segments read what both brokers keep about the groups: it knows the records of the
// consumer and streams protocols, which no formatter does.
func (p *pair) segments() {
	p.t.Helper()
	p.segmentsOf(`"group":"classic"`, `"memberEpoch"`, `"assignmentEpoch"`, `"group":"simple"`)
}

func (p *pair) segmentsOf(wanted ...string) {
	p.t.Helper()
	var seen []string
	for _, h := range p.sides {
		out := (&tools{p.host, h.broker}).run("kafka-dump-log --offsets-decoder --files " + strings.Join(offsetSegments(p, h.broker), ","))
		seen = append(seen, h.normal(p.latest(out)))
	}
	p.compare("kafka-dump-log --offsets-decoder", seen, wanted)
}

// offsetSegments are the files of the topic of groups.
func offsetSegments(p *pair, b *brokers.Broker) (files []string) {
	p.t.Helper()
	pattern := filepath.Join(b.Dir, "__consumer_offsets-*", "*.log")
	if b.Kind == brokers.KindWeir {
		pattern = filepath.Join(b.Dir, topicID(p.t, b.Addr, "__consumer_offsets")+"-*", "*.log")
	}
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		p.t.Fatalf("no segments %s: %v", pattern, err)
	}
	return files
}

// topicID is the text of a topic's id.
func topicID(t testing.TB, addr, topic string) string {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	meta, err := kadm.NewClient(cl).Metadata(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	id := meta.Topics[topic].ID
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// dumped is how a record is printed: its key and its value, as JSON.
var dumped = regexp.MustCompile(`.* key: (\{.*\}) payload: (.*)$`)

// latest gives the newest record of each key, in order, as a compacted log would hold them.
func (p *pair) latest(out string) string {
	p.t.Helper()
	newest := map[string]string{}
	for line := range strings.Lines(out) {
		m := dumped.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil || strings.Contains(m[1], `"console-consumer-`) {
			continue
		}
		key, value := p.plain(m[1]), p.plain(m[2])
		if newest[key] = value; value == "null" || strings.HasPrefix(value, `"<`) {
			delete(newest, key)
		}
	}
	var lines []string
	for key, value := range newest {
		lines = append(lines, key+" "+value)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// ofEachBroker are fields that differ from broker to broker: times, ids of topics and what is computed from them, and in
// how many steps a member came to its epoch, which hangs on when it was heard.
var ofEachBroker = map[string]bool{"previousMemberEpoch": true, "commitTimestamp": true, "currentStateTimestamp": true, "assignmentTimestamp": true,
	"timestamp": true, "topicId": true, "metadataHash": true, "version": true}

// plain is a JSON text without what differs from broker to broker, lists sorted.
func (p *pair) plain(text string) string {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return fmt.Sprintf("%q", text)
	}
	if whole, ok := v.(map[string]any); ok {
		whole["data"] = plainValue(whole["data"]) // beside it is the format's version, which must be the same
	}
	out, err := json.Marshal(v)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(out)
}

func plainValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			if v[name] = plainValue(v[name]); ofEachBroker[name] {
				if _, list := v[name].([]any); !list {
					v[name] = "*"
				}
			}
		}
	case []any:
		for i := range v {
			v[i] = plainValue(v[i])
		}
		slices.SortFunc(v, func(a, b any) int { return strings.Compare(asText(a), asText(b)) })
	}
	return v
}

func asText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
