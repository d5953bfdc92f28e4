//go:build clients

package clients

import (
	"fmt"
	"regexp"
	"testing"

	"weir/tests/brokers"
)

// TestShareConsumerTools has Kafka's tools take the records of a topic in share groups, at Weir and at Apache Kafka: what they
// print of each record is the same, and nothing is then left of the groups' work.
func TestShareConsumerTools(t *testing.T) {
	t.Parallel()
	p := &pair{t: t, host: start(t, "kafka-tools", javaTool(t, "ToolHost"))}
	for _, kind := range brokerKinds {
		b := brokers.New(t, kind, map[string]string{"share.coordinator.state.topic.replication.factor": "1",
			"share.coordinator.state.topic.min.isr": "1", "group.share.heartbeat.interval.ms": "500",
			"group.share.min.heartbeat.interval.ms": "500"})
		h := &history{t: t, broker: b, ref: newReference(t, b.Addr), secret: []string{b.Addr, "BROKER"}}
		h.topic(wide, 3)
		p.sides = append(p.sides, h)
	}
	console := func(group, more string) string {
		return "kafka-console-share-consumer --bootstrap-server BROKER --topic " + wide + " --group " + group + " --timeout-ms 20000 " +
			"--formatter-property print.partition=true --formatter-property print.offset=true --formatter-property print.delivery=true " + more
	}
	groups := []string{"accepts", "rejects", "verifies", "measures"}
	for _, group := range groups {
		p.same("kafka-configs --bootstrap-server BROKER --entity-type groups --alter --entity-name "+group+
			" --add-config share.auto.offset.reset=earliest", "Completed")
	}
	p.same(console("accepts", "--max-messages 30"), `(?m)Partition:2\tOffset:9\tDelivery:1\tv9$`, "Processed a total of 30 messages")
	p.same(console("rejects", "--max-messages 30 --reject"), `(?m)Partition:0\tOffset:0\tDelivery:1\tv0$`)
	p.each("kafka-verifiable-share-consumer --bootstrap-server BROKER --topic "+wide+" --group-id verifies --max-messages 30",
		`"name":"offsets_acknowledged".*"success":true`, `"name":"shutdown_complete"`)
	p.each("kafka-share-consumer-perf-test --bootstrap-server BROKER --topic "+wide+" --group measures --num-records 30", `, 30, `)
	for _, group := range groups {
		p.each(shareTool+"--describe --group "+group, group+` +history-wide +0 +\d+ +0`, group+` +history-wide +2 +\d+ +0`)
	}
}

// each runs a tool against both brokers, which must end well and print each of wanted. Times are printed too, and where Apache
// Kafka's groups stand, which it moves when it likes: the rest is not compared.
func (p *pair) each(command string, wanted ...string) {
	p.t.Helper()
	for _, h := range p.sides {
		r := (&tools{p.host, h.broker}).feed("", command)
		text := fmt.Sprintf("%s%sexit %d\n", r.out, withoutLog(r.err), r.exit)
		for _, w := range append(wanted, "(?m)^exit 0$") {
			if !regexp.MustCompile(w).MatchString(text) {
				p.t.Errorf("%s: %s: no %q in\n%s", h.broker.Kind, command, w, text)
			}
		}
	}
}
