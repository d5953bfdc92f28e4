//go:build clients

package clients

import (
	"fmt"
	"regexp"
	"testing"

	"weir/tests/brokers"
)

// TestFeatureTool has kafka-features say and do the same at Weir and Apache Kafka, one command after another, and what was
// switched off stays off after a restart.
func TestFeatureTool(t *testing.T) {
	t.Parallel()
	p := &pair{t: t, host: start(t, "kafka-tools", javaTool(t, "ToolHost"))}
	for _, kind := range brokerKinds {
		p.sides = append(p.sides, &history{t: t, broker: brokers.New(t, kind, nil)})
	}
	const levels = `Feature: %s.version +SupportedMinVersion: 0 +SupportedMaxVersion: %d +FinalizedVersionLevel: %d `
	transactions := func(level int) string { return fmt.Sprintf(levels, "transaction", 2, level) }
	for _, c := range []struct {
		command string
		wanted  []string
	}{
		{"describe", []string{transactions(2), fmt.Sprintf(levels, "group", 1, 1), `metadata.version.*FinalizedVersionLevel: .*33`}},
		{"downgrade --feature transaction.version=1 --dry-run", []string{`transaction.version can be downgraded to 1`, `exit 0`}},
		{"describe", []string{transactions(2)}},
		{"downgrade --feature transaction.version=1", []string{`transaction.version was downgraded to 1`}},
		{"downgrade --unsafe --feature transaction.version=0", []string{`exit 0`}},
		{"describe", []string{transactions(0)}},
		{"upgrade --feature transaction.version=3", []string{`Could not upgrade transaction.version to 3`, `exit 1`}},
		{"upgrade --feature nonsense.version=1", []string{`exit 1`}},
		{"upgrade --feature transaction.version=1 --feature group.version=1", []string{`exit 0`}},
		{"disable --feature streams.version", []string{`streams.version was disabled`}},
		{"disable --feature streams.version --feature group.version --dry-run", []string{`group.version can be disabled`}},
		{"downgrade --metadata 4.0", []string{`Could not downgrade metadata.version`, `exit 1`}},
		{"downgrade --feature transaction.version=2", []string{`exit 1`}},
		{"describe", []string{transactions(1), fmt.Sprintf(levels, "streams", 1, 0)}},
		{"disable --feature transaction.version", []string{`exit 0`}},
	} {
		p.sameOfFeatures(c.command, c.wanted...)
	}
	for _, h := range p.sides {
		h.broker.Kill()
		h.broker.Start()
	}
	p.sameOfFeatures("describe", transactions(0), fmt.Sprintf(levels, "streams", 1, 0))
}

var (
	// kafkasOwn are features of what Weir does not serve.
	kafkasOwn = regexp.MustCompile(`(?m)^Feature: (eligible\.leader\.replicas|kraft)\.version .*\n`)
	epochs    = regexp.MustCompile(`Epoch: \d+`) // of all metadata at Apache Kafka, of features at Weir
)

// sameOfFeatures runs kafka-features against both brokers.
func (p *pair) sameOfFeatures(command string, wanted ...string) {
	p.t.Helper()
	var seen []string
	for _, h := range p.sides {
		r := (&tools{p.host, h.broker}).feed("", "kafka-features --bootstrap-server BROKER "+command)
		text := fmt.Sprintf("%s%sexit %d\n", kafkasOwn.ReplaceAllString(r.out, ""), withoutLog(r.err), r.exit)
		seen = append(seen, epochs.ReplaceAllString(text, "Epoch: *"))
	}
	p.compare("kafka-features "+command, seen, wanted)
}
