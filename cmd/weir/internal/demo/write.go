package demo

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// rowHeader carries a record's row number in the file: by it a record that is missing or there twice is found.
const rowHeader = "row"

// write sends every departure keyed by carrier, at its scheduled time, and waits for all answers.
func (d *demo) write(ctx context.Context) error {
	cl, err := d.client(kgo.DefaultProduceTopic(d.topic), kgo.ProducerBatchCompression(kgo.ZstdCompression()),
		kgo.ProducerLinger(5*time.Millisecond))
	if err != nil {
		return err
	}
	defer cl.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	began := time.Now()
	var answered sync.WaitGroup
	for i, row := range d.rows {
		if ctx.Err() != nil {
			break
		}
		answered.Add(1)
		r := &kgo.Record{Key: []byte(row.Carrier), Value: []byte(row.Line), Timestamp: row.Scheduled,
			Headers: []kgo.RecordHeader{{Key: rowHeader, Value: binary.AppendUvarint(nil, uint64(i))}}}
		cl.Produce(ctx, r, func(_ *kgo.Record, err error) {
			defer answered.Done()
			if err != nil {
				cancel(fmt.Errorf("write departure: %w", err))
			}
		})
	}
	answered.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	fmt.Fprintf(d.Out, "written, keyed by carrier, acks=all: %s\n", rate(len(d.rows), time.Since(began)))
	return nil
}

// rowOf gives the row number that write put on a record.
func rowOf(r *kgo.Record) (int, error) {
	for _, h := range r.Headers {
		if h.Key == rowHeader {
			n, size := binary.Uvarint(h.Value)
			if size > 0 {
				return int(n), nil
			}
		}
	}
	return 0, fmt.Errorf("record %s/%d at offset %d has no row number", r.Topic, r.Partition, r.Offset)
}

// tally counts how often each row of the file was met.
type tally struct {
	mu    sync.Mutex // guards what follows
	times []int
	met   int // records, with repeats
	rows  int // rows met at least once
}

func newTally(rows int) *tally { return &tally{times: make([]int, rows)} }

// add counts a record and gives how many different rows were met so far.
func (t *tally) add(r *kgo.Record) (int, error) {
	row, err := rowOf(r)
	if err != nil {
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if row >= len(t.times) {
		return 0, fmt.Errorf("record %s/%d at offset %d is of row %d; the file has %d", r.Topic, r.Partition, r.Offset, row, len(t.times))
	}
	if t.times[row] == 0 {
		t.rows++
	}
	t.times[row]++
	t.met++
	return t.rows, nil
}

// once checks that every row was met, and none twice.
func (t *tally) once(who string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows != len(t.times) || t.met != t.rows {
		return fmt.Errorf("%s: %d rows missing, %d records twice", who, len(t.times)-t.rows, t.met-t.rows)
	}
	return nil
}
