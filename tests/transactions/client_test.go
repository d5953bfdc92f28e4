//go:build kill

package transactions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"weir/tests/checker"
)

// The topics: writers write to the first, processors make a record of the second of each of the first.
const (
	inputs     = "inputs"
	results    = "results"
	partitions = 3
	group      = "processors"
)

// orders are what a client process is told.
type orders struct {
	Role       string // writer or processor
	Addr       string // where it connects, whatever address the broker tells
	ID         string // its transactional id
	Partition  int32  // of a processor
	Generation int    // of the protocol of transactions, 1 or 2
	Process    int    // unique; and so are the values that it writes
	Seed       uint64
	File       string // gets its history, an operation a line
}

// client is one process's life.
type client struct {
	orders
	rng *rand.Rand
	n   int // counts transactions

	mu  sync.Mutex // guards out
	out *json.Encoder
}

// line is one line of a process's history: an operation, or an error that no client may ever be told.
type line struct {
	Op    *checker.Op `json:",omitempty"`
	Error string      `json:",omitempty"`
}

// newClient begins a history.
func newClient(o orders) (*client, error) {
	f, err := os.Create(o.File)
	if err != nil {
		return nil, err
	}
	return &client{orders: o, rng: rand.New(rand.NewPCG(o.Seed, uint64(o.Process))), out: json.NewEncoder(f)}, nil
}

// note writes an operation to the history before anything else happens.
func (c *client) note(op checker.Op) {
	op.Process = c.Process
	c.write(line{Op: &op})
}

func (c *client) write(l line) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.out.Encode(l); err != nil {
		panic(err) // the history would lie
	}
}

// complain notes an error that no client may be told: its retries were sound.
func (c *client) complain(err error) {
	if errors.Is(err, kerr.OutOfOrderSequenceNumber) {
		c.write(line{Error: fmt.Sprintf("%s (generation %d): %v", c.ID, c.Generation, err)})
	}
}

// kafka connects, always to the address that it was told.
func (c *client) kafka(options ...kgo.Opt) (*kgo.Client, error) {
	dialer := net.Dialer{Timeout: time.Second}
	options = append([]kgo.Opt{kgo.SeedBrokers(c.Addr), kgo.Dialer(func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, c.Addr)
	}), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.MetadataMinAge(50 * time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond })}, options...)
	return kgo.NewClient(options...)
}

// transactional is a producer of small batches: its client has five of them on their way.
func (c *client) transactional(options ...kgo.Opt) (*kgo.Client, error) {
	options = append([]kgo.Opt{kgo.TransactionalID(c.ID), kgo.TransactionTimeout(20 * time.Second), kgo.ProducerLinger(0),
		kgo.ProducerBatchMaxBytes(1024), kgo.ProducerBatchCompression(kgo.NoCompression())}, options...)
	options = append(options, kgo.MaxVersions(newest(c.Generation)))
	return c.kafka(options...)
}

// newest are the newest versions of a generation: those of the first announce the partitions of their transactions.
func newest(generation int) *kversion.Versions {
	v := kversion.Stable()
	v.SetMaxKeyVersion(int16(kmsg.TxnOffsetCommit), 5) // then topics have ids, and no names
	if generation == 1 {
		v.SetMaxKeyVersion(int16(kmsg.Produce), 11)
		v.SetMaxKeyVersion(int16(kmsg.EndTxn), 4)
		v.SetMaxKeyVersion(int16(kmsg.TxnOffsetCommit), 4)
	}
	return v
}

// run works until the process is killed, or in a processor's last round until all is worked off.
func (c *client) run(ctx context.Context) {
	for ctx.Err() == nil {
		var err error
		if c.Role == "writer" {
			err = c.writer(ctx)
		} else {
			err = c.processor(ctx)
		}
		if ctx.Err() == nil {
			c.complain(err)
			time.Sleep(20 * time.Millisecond) // the broker may be down
		}
	}
}

// name is the next transaction's.
func (c *client) name() string {
	c.n++
	return fmt.Sprintf("T%d.%d", c.Process, c.n)
}

// send produces values in a transaction and waits for all of them.
func (c *client) send(ctx context.Context, cl *kgo.Client, txn string, records []*kgo.Record, from []string) error {
	var done sync.WaitGroup
	var mu sync.Mutex // guards failed
	var failed error
	for i, r := range records {
		op := checker.Op{Kind: checker.Send, Outcome: checker.Unknown, Key: key(r.Topic, r.Partition),
			Value: string(r.Key), Offset: -1, Txn: txn, From: from[i]}
		c.note(op)
		done.Add(1)
		cl.Produce(ctx, r, func(r *kgo.Record, err error) {
			defer done.Done()
			if err == nil {
				op.Outcome, op.Offset = checker.OK, r.Offset
				c.note(op)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
		})
	}
	done.Wait()
	return failed
}

// end commits or aborts. Only where a commit is tried is the outcome anything but failed.
func (c *client) end(ctx context.Context, cl *kgo.Client, txn string, commit bool) error {
	if !commit {
		return cl.EndTransaction(ctx, kgo.TryAbort)
	}
	c.note(checker.Op{Kind: checker.End, Outcome: checker.Unknown, Txn: txn})
	err := cl.EndTransaction(ctx, kgo.TryCommit)
	if err == nil {
		c.note(checker.Op{Kind: checker.End, Outcome: checker.OK, Txn: txn})
	}
	return err
}

func key(topic string, partition int32) string { return fmt.Sprintf("%s-%d", topic, partition) }

// filler makes a record fill a batch.
var filler = make([]byte, 700)

// patience bounds one step of a client: then it begins anew, as users' programs do.
const patience = 10 * time.Second

// writer writes transactions of several records to several partitions, and looks at results in some of them.
func (c *client) writer(ctx context.Context) error {
	cl, err := c.transactional()
	if err != nil {
		return err
	}
	defer cl.Close()
	at := map[int32]kgo.Offset{}
	for p := range int32(partitions) {
		at[p] = kgo.NewOffset().AtStart()
	}
	reader, err := c.kafka(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{results: at}))
	if err != nil {
		return err
	}
	defer reader.Close()
	c.note(checker.Op{Kind: checker.Assign})
	for ctx.Err() == nil {
		if err := c.writeOne(ctx, cl, reader); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) writeOne(ctx context.Context, cl, reader *kgo.Client) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	txn := c.name()
	if err := cl.BeginTransaction(); err != nil {
		return err
	}
	var records []*kgo.Record
	for i := range 1 + c.rng.IntN(8) {
		records = append(records, &kgo.Record{Topic: inputs, Partition: c.rng.Int32N(partitions), Value: filler,
			Key: fmt.Appendf(nil, "%s.%d", txn, i)})
	}
	failed := c.send(ctx, cl, txn, records, make([]string, len(records)))
	if failed == nil && c.rng.IntN(3) == 0 {
		c.look(ctx, reader, txn)
	}
	err := c.end(ctx, cl, txn, failed == nil && c.rng.IntN(4) > 0)
	return errors.Join(failed, err)
}

// look polls once, in a transaction.
func (c *client) look(ctx context.Context, cl *kgo.Client, txn string) []*kgo.Record {
	ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	records := cl.PollRecords(ctx, 20).Records()
	if len(records) > 0 {
		c.note(polled(records, txn))
	}
	return records
}

func polled(records []*kgo.Record, txn string) checker.Op {
	op := checker.Op{Kind: checker.Poll, Txn: txn}
	for _, r := range records {
		op.Records = append(op.Records, checker.Record{Key: key(r.Topic, r.Partition), Offset: r.Offset, Value: string(r.Key)})
	}
	return op
}
