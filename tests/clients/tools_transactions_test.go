//go:build clients

package clients

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/tests/brokers"
)

// TestTransactionTools gives Weir and Apache Kafka the same transactions and has kafka-transactions say the same of them, but for
// producers' ids and times.
func TestTransactionTools(t *testing.T) {
	t.Parallel()
	p := &pair{t: t, host: start(t, "kafka-tools", javaTool(t, "ToolHost"))}
	for _, kind := range brokerKinds {
		b := brokers.New(t, kind, nil)
		h := &history{t: t, broker: b, ref: newReference(t, b.Addr)}
		h.transactions()
		p.sides = append(p.sides, h)
	}
	for command, wanted := range map[string][]string{
		"list": {`tx-open\|1\|\*\|Ongoing`, `tx-committed\|1\|\*\|CompleteCommit`, `tx-aborted\|1\|\*\|CompleteAbort`,
			`tx-empty\|1\|\*\|Empty`},
		"list --duration-filter 3600000":                    {`tx-empty\|`},
		"list --transactional-id-pattern tx-(open|aborted)": {`tx-open\|`, `tx-aborted\|`},
		"describe --transactional-id tx-open":               {`\|Ongoing\|600000\|\*\|\*\|tx-topic-0,tx-topic-1\n`},
		"describe --transactional-id tx-committed":          {`\|CompleteCommit\|600000\|`},
		"describe --transactional-id tx-aborted":            {`\|CompleteAbort\|600000\|`},
		"describe --transactional-id tx-empty":              {`\|Empty\|600000\|`},
		"find-hanging --broker-id 1":                        {`exit 0`},
		"describe --transactional-id tx-none":               {`exit 1`},
		"describe-producers --topic tx-topic --partition 0": {`\|14\n`},
		"describe-producers --topic tx-topic --partition 1": {`\|14\n`},
	} {
		t.Run(command, func(t *testing.T) {
			(&pair{t: t, host: p.host.on(t), sides: p.sides}).sameOfTransactions(command, wanted...)
		})
	}
}

// transactions leaves one transactional producer in each state that lasts; the open one begins at offset 14 of each partition.
func (h *history) transactions() {
	h.t.Helper()
	h.topic("tx-topic", 2)
	for _, c := range []struct{ id, state string }{
		{"tx-empty", "Empty"}, {"tx-committed", "CompleteCommit"}, {"tx-aborted", "CompleteAbort"}, {"tx-open", "Ongoing"},
	} {
		h.transaction(c.id, c.state)
		await(h.t, settle, c.id+" is "+c.state, func() bool {
			got, err := h.ref.adm.DescribeTransactions(h.t.Context(), c.id)
			return err == nil && got[c.id].State == c.state
		})
	}
}

func (h *history) transaction(id, state string) {
	h.t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(h.broker.Addr), kgo.TransactionalID(id), kgo.TransactionTimeout(10*time.Minute),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(cl.Close)
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute)
	defer cancel()
	_, _, err = cl.ProducerID(ctx)
	if state != "Empty" {
		err = cmp.Or(err, cl.BeginTransaction())
		for p := range int32(2) {
			r := &kgo.Record{Topic: "tx-topic", Partition: p, Value: []byte(id)}
			err = cmp.Or(err, cl.ProduceSync(ctx, r).FirstErr())
		}
	}
	if state == "CompleteCommit" || state == "CompleteAbort" {
		err = cmp.Or(err, cl.EndTransaction(ctx, state == "CompleteCommit"))
	}
	if err != nil {
		h.t.Fatalf("transaction of %s: %v", id, err)
	}
}

// sameOfTransactions runs kafka-transactions against both brokers and compares its rows.
func (p *pair) sameOfTransactions(command string, wanted ...string) {
	p.t.Helper()
	var seen []string
	for _, h := range p.sides {
		r := (&tools{p.host, h.broker}).feed("", "kafka-transactions --bootstrap-server BROKER "+command)
		seen = append(seen, fmt.Sprintf("%s\n%sexit %d\n", plainRows(r.out), withoutLog(r.err), r.exit))
	}
	p.compare("kafka-transactions "+command, seen, wanted)
}

// plainRows are the rows of a table without padding, and with a star for what differs from broker to broker: producers' ids, and
// times that are set.
func plainRows(table string) string {
	var names, rows []string
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.TrimRight(line, "\t\n"), "\t")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
			if names == nil || i >= len(names) {
				continue
			}
			switch names[i] {
			case "ProducerId", "CurrentTransactionStartTimeMs", "TransactionDurationMs", "LastTimestamp":
				if strings.Trim(cells[i], "0123456789") == "" && cells[i] != "" {
					cells[i] = "*"
				}
			case "TopicPartitions":
				partitions := strings.Split(cells[i], ",")
				slices.Sort(partitions)
				cells[i] = strings.Join(partitions, ",")
			}
		}
		if names == nil {
			names = cells
		}
		rows = append(rows, strings.Join(cells, "|"))
	}
	return strings.Join(rows, "\n")
}
