package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/bench/kafka"
)

// production is what `produce` was asked to do.
type production struct {
	*options
	file, format, key, codec, acks string
	headers                        []string
	partition                      int32
	tombstone, create, idempotent  bool
	linger                         time.Duration
	output                         string
}

func produceCommand(o *options) *cobra.Command {
	p := &production{options: o}
	c := &cobra.Command{
		Use:   "produce TOPIC",
		Short: "Write records read from standard input or a file",
		Long: `Write records read from standard input or a file, one a line unless --format says otherwise.

The format is that of the kgo record reader: %t topic, %k key, %v value, %h headers, %p partition,
%d timestamp; for example --format '%k\t%v\n'. Lengths can be prefixed: '%K{big32}%k%V{big32}%v'.`,
		Example: `  echo hello | weir produce greetings
  weir produce orders --format '%k,%v\n' --file orders.csv --compression zstd`,
		Args: Args(cobra.ExactArgs(1)), ValidArgsFunction: o.completeTopics,
		RunE: func(c *cobra.Command, a []string) error { return p.run(c, a[0]) },
	}
	p.bind(c)
	return c
}

func (p *production) bind(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&p.file, "file", "", "read from this file instead of standard input")
	f.StringVarP(&p.format, "format", "f", `%v\n`, "how records stand in the input")
	f.StringVarP(&p.key, "key", "k", "", "key of every record (where the format has none)")
	f.StringArrayVarP(&p.headers, "header", "H", nil, "header of every record, name=value (repeatable)")
	f.Int32VarP(&p.partition, "partition", "p", -1, "write to this partition (-1: by key, else sticky)")
	f.StringVarP(&p.codec, "compression", "z", "none", "none, gzip, snappy, lz4 or zstd")
	f.StringVar(&p.acks, "acks", "all", "all, 1 or 0")
	f.BoolVar(&p.idempotent, "idempotent", true, "number the records so that retries write nothing twice (acks all)")
	f.BoolVar(&p.tombstone, "tombstone", false, "an empty value is written as null")
	f.BoolVar(&p.create, "create", false, "let the broker create the topic if it does not exist")
	f.DurationVar(&p.linger, "linger", 5*time.Millisecond, "how long to wait for a batch to fill")
	f.StringVarP(&p.output, "output", "o", "", `print each written record in this format (see consume), for example '%p %o\n'`)
}

func (p *production) run(c *cobra.Command, topic string) error {
	opts, err := p.clientOptions(topic)
	if err != nil {
		return err
	}
	in := c.InOrStdin()
	if p.file != "" {
		f, err := os.Open(p.file)
		if err != nil {
			return fmt.Errorf("open input: %w", err)
		}
		defer f.Close()
		in = f
	}
	reader, err := kgo.NewRecordReader(in, p.format)
	if err != nil {
		return usagef("format: %w", err)
	}
	var show *kgo.RecordFormatter
	if p.output != "" {
		if show, err = kgo.NewRecordFormatter(p.output); err != nil {
			return usagef("output format: %w", err)
		}
	}
	cl, err := p.dial(opts...)
	if err != nil {
		return err
	}
	defer cl.Close()
	return p.write(c, cl, reader, show)
}

func (p *production) clientOptions(topic string) ([]kgo.Opt, error) {
	codec, err := kafka.Codec(p.codec)
	if err != nil {
		return nil, UsageError(err)
	}
	opts := []kgo.Opt{
		kgo.DefaultProduceTopic(topic), kgo.ProducerBatchCompression(codec), kgo.ProducerLinger(p.linger),
		kgo.RecordDeliveryTimeout(p.timeout), kgo.ProducerBatchMaxBytes(64 << 20), kgo.BrokerMaxWriteBytes(100 << 20),
		kgo.UnknownTopicRetries(3),
	}
	if p.create {
		opts = append(opts, kgo.AllowAutoTopicCreation())
	}
	if p.partition >= 0 {
		opts = append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	}
	switch p.acks {
	case "all", "-1":
		if !p.idempotent {
			opts = append(opts, kgo.DisableIdempotentWrite())
		}
	case "1":
		opts = append(opts, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())
	case "0":
		opts = append(opts, kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())
	default:
		return nil, usagef("acks %q is none of all, 1, 0", p.acks)
	}
	return opts, nil
}

// write sends every record of reader and waits for all answers. The first refusal ends the input.
func (p *production) write(c *cobra.Command, cl *kgo.Client, reader *kgo.RecordReader, show *kgo.RecordFormatter) error {
	ctx, cancel := context.WithCancelCause(c.Context())
	defer cancel(nil)
	bar := newProgress(c.ErrOrStderr(), "written")
	var mu sync.Mutex // guards line and the output
	var line []byte
	answered := func(r *kgo.Record, err error) {
		if err != nil {
			cancel(fmt.Errorf("write to %s: %w", r.Topic, err))
			return
		}
		bar.add(1)
		if show != nil {
			mu.Lock()
			defer mu.Unlock()
			line = show.AppendRecord(line[:0], r)
			c.OutOrStdout().Write(line)
		}
	}
	var failed error
	for ctx.Err() == nil {
		r, err := reader.ReadRecord()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = p.complete(r)
		}
		if err != nil {
			failed = fmt.Errorf("read record: %w", err)
			break
		}
		cl.Produce(ctx, r, answered)
	}
	if err := cl.Flush(c.Context()); err != nil {
		failed = errors.Join(failed, fmt.Errorf("flush: %w", err))
	}
	n, took := bar.close()
	if cause := context.Cause(ctx); cause != nil {
		failed = errors.Join(failed, cause)
	}
	fmt.Fprintf(c.ErrOrStderr(), "%d records written in %s\n", n, took.Round(time.Millisecond))
	return failed
}

// complete gives a record read from the input what the flags say.
func (p *production) complete(r *kgo.Record) error {
	if p.key != "" && r.Key == nil {
		r.Key = []byte(p.key)
	}
	for _, h := range p.headers {
		name, value, ok := strings.Cut(h, "=")
		if !ok {
			return usagef("header %q is not name=value", h)
		}
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: name, Value: []byte(value)})
	}
	if p.partition >= 0 {
		r.Partition = p.partition
	}
	if p.tombstone && len(r.Value) == 0 {
		r.Value = nil
	}
	return nil
}
