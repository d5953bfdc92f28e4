//go:build clients

package clients

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"weir/tests/brokers"
)

// TestTransactions has each client write in transactions, send offsets in them, abort some, and lose its transactional id to another
// producer.
func TestTransactions(t *testing.T) {
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			b := brokers.New(t, brokerKind, quickHeartbeats)
			for _, k := range kinds {
				if k.fenced == "" { // it has no transactional producer
					continue
				}
				t.Run(k.name, func(t *testing.T) {
					t.Parallel()
					s := &suite{kind: k, addr: b.Addr, ref: newReference(t, b.Addr)}
					s.transactions(t)
				})
			}
		})
	}
}

const transactionPartitions = 2

// ledger is one client's transactions in one topic, and what they should leave there.
type ledger struct {
	*suite
	topic     string
	all       [transactionPartitions][]string // the values written to each partition
	committed [transactionPartitions][]string // those of committed transactions
	offset    int64                           // of the group, by the last committed transaction
}

// transaction is an open one.
type transaction struct {
	values [transactionPartitions][]string
	offset int64
}

// transactions runs some, every third aborted, and one whose producer is fenced by another one before it commits. Then the client
// reads by both isolation levels.
func (s *suite) transactions(t *testing.T) {
	l := &ledger{suite: s, topic: s.ref.topic(s.name+".transactions", transactionPartitions, nil)}
	first := s.agent(t, s.addr)
	for i := range 9 {
		tx := l.begin(first, fmt.Sprintf("first-%d", i), int64(i+1))
		l.end(first, tx, i%3 != 2)
	}
	// The ninth was aborted, and this one can only begin when its markers are written: the group has the eighth's offset.
	l.end(first, l.begin(first, "offsetless", 0), true)
	if got := l.groupOffset(first); s.sendsOffsets && got != l.offset {
		t.Errorf("the group's committed offset is %d instead of %d", got, l.offset)
	}

	l.begin(first, "fenced", 100)
	second := s.agent(t, s.addr)
	tx := l.begin(second, "second", 200)
	_, err := first.try(request{Op: "end", ID: l.topic, Commit: true})
	if err == nil || !strings.Contains(err.Error(), s.fenced) {
		t.Errorf("a producer that was fenced committed and was told %v instead of %s", err, s.fenced)
	}
	l.end(second, tx, true)
	if s.sendsOffsets {
		// The end is answered when it is decided, before the group has it.
		await(t, settle, "the group's committed offset is the second producer's", func() bool { return l.groupOffset(second) == l.offset })
	}
	for p := range transactionPartitions {
		l.checkReads(second, p, "read_committed", l.committed[p])
		l.checkReads(second, p, "read_uncommitted", l.all[p])
	}
}

// begin opens a transaction that writes two records to each partition and sends the offset of a group; 0 sends none.
func (l *ledger) begin(a *agent, label string, offset int64) transaction {
	a.t.Helper()
	tx := transaction{offset: offset}
	q := request{Op: "begin", ID: l.topic, Topic: l.topic}
	if l.sendsOffsets && offset > 0 {
		q.Group, q.From = l.topic+".members", offset
	}
	for p := range transactionPartitions {
		for i := range 2 {
			value := fmt.Sprintf("%s-%d-%d", label, p, i)
			q.Records = append(q.Records, record{Partition: int32(p), Value: []byte(value)})
			tx.values[p] = append(tx.values[p], value)
		}
		l.all[p] = append(l.all[p], tx.values[p]...)
	}
	a.do(q)
	return tx
}

func (l *ledger) end(a *agent, tx transaction, commit bool) {
	a.t.Helper()
	a.do(request{Op: "end", ID: l.topic, Commit: commit})
	if !commit {
		return
	}
	if tx.offset > 0 {
		l.offset = tx.offset
	}
	for p, values := range tx.values {
		l.committed[p] = append(l.committed[p], values...)
	}
}

func (l *ledger) groupOffset(a *agent) int64 {
	a.t.Helper()
	return a.do(request{Op: "committed", Topic: l.topic, Group: l.topic + ".members"}).Offset
}

// checkReads reads a partition up to what must be its last record, which the last transaction wrote.
func (l *ledger) checkReads(a *agent, partition int, isolation string, want []string) {
	a.t.Helper()
	var got []string
	for _, r := range a.fetch(request{Topic: l.topic, Partition: int32(partition), Count: len(want), Isolation: isolation}) {
		got = append(got, string(r.Value))
	}
	if !slices.Equal(got, want) {
		a.t.Errorf("partition %d is %s as\n%v\ninstead of\n%v", partition, isolation, got, want)
	}
}
