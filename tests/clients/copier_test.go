//go:build clients

package clients

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/tests/brokers"
)

// TestMessageCopier has Kafka's own TransactionalMessageCopier, which its system tests use, copy a partition in transactions, some of
// them aborted at random. It is killed on the way and started again, and then does the same as a member of a group.
func TestMessageCopier(t *testing.T) {
	const records = 1000
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			t.Parallel()
			b := brokers.New(t, brokerKind, quickTimeouts)
			ref := newReference(t, b.Addr)
			var want []string
			var input []*kgo.Record
			for i := range records {
				want = append(want, fmt.Sprint("record ", i))
				input = append(input, &kgo.Record{Topic: "copy-from", Value: []byte(want[i])})
			}
			ref.create("copy-from", 1, nil)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := ref.cl.ProduceSync(ctx, input...).FirstErr(); err != nil {
				t.Fatal(err)
			}
			for name, more := range map[string][]string{"assigned": nil, "grouped": {"--group-mode", "--use-group-metadata"}} {
				to := "copy-to-" + name
				ref.create(to, 1, nil)
				copier := func() *jvm {
					return startJVM(t, t.TempDir(), name, "org.apache.kafka.tools.TransactionalMessageCopier", append(more,
						"--broker-list", b.Addr, "--input-topic", "copy-from", "--input-partition", "0", "--output-topic", to, "--consumer-group", name,
						"--transactional-id", name, "--transaction-size", "10", "--transaction-timeout", "4000", "--enable-random-aborts")...)
				}
				p := copier()
				if more == nil {
					await(t, settle, "some are copied", func() bool { return len(ref.committed(to, 1)) > 100 })
					p.kill()
					p = copier()
				}
				<-p.exited
				var got []string
				for _, r := range ref.committed(to, 1) {
					got = append(got, string(r.Value))
				}
				if code := p.cmd.ProcessState.ExitCode(); code != 0 || !slices.Equal(got, want) {
					t.Errorf("%s: the copier ended with %d, and its copy has %d records, not the same %d", name, code, len(got), records)
				}
			}
		})
	}
}
