//go:build kill

package transactions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/tests/checker"
)

// settled bounds what comes after the faults: everything must be decided by then.
const settled = 3 * time.Minute

// finish ends what the clients left open, has every input worked off, and waits until every record is decided: a transaction
// that nobody can end would hold back readers for ever.
func (r *run) finish() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), settled)
	defer cancel()
	for i := range 4 {
		cl := r.direct(kgo.TransactionalID(fmt.Sprint("writer-", i)))
		if _, _, err := cl.ProducerID(ctx); err != nil {
			r.t.Fatalf("take over writer-%d: %v", i, err)
		}
		cl.Close()
	}
	cl := r.direct()
	defer cl.Close()
	adm := kadm.NewClient(cl)
	r.awaitDecided(ctx, adm, inputs) // what comes to be committed later would be left out
	for p := range int32(partitions) {
		r.workOff(ctx, p)
	}
	r.awaitDecided(ctx, adm, inputs, results)
	r.readToEnd(ctx, adm)
}

// awaitDecided waits until no transaction is open in the topics.
func (r *run) awaitDecided(ctx context.Context, adm *kadm.Client, topics ...string) {
	r.t.Helper()
	r.await(ctx, "every record is decided", func() bool {
		ends, err := adm.ListEndOffsets(ctx, topics...)
		stable, failed := adm.ListCommittedOffsets(ctx, topics...)
		if err != nil || failed != nil || ends.Error() != nil || stable.Error() != nil {
			return false
		}
		same := true
		ends.Each(func(o kadm.ListedOffset) {
			s, ok := stable.Lookup(o.Topic, o.Partition)
			same = same && ok && s.Offset == o.Offset
		})
		return same
	})
}

// workOff processes a partition until its group has come to the end.
func (r *run) workOff(ctx context.Context, partition int32) {
	r.t.Helper()
	r.next++
	o := orders{Role: "processor", Addr: r.broker.Addr, ID: fmt.Sprint("processor-", partition), Partition: partition,
		Generation: 2, Process: r.next, Seed: r.seed, File: fmt.Sprintf("%s/%d.json", r.dir, r.next)}
	c, err := newClient(o)
	if err != nil {
		r.t.Fatal(err)
	}
	r.files = append(r.files, o.File)
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		c.run(ctx)
		close(ended)
	}()
	cl := r.direct()
	defer cl.Close()
	adm := kadm.NewClient(cl)
	r.await(ctx, fmt.Sprintf("partition %d is worked off", partition), func() bool {
		stable, err := adm.ListCommittedOffsets(ctx, inputs)
		if err != nil {
			return false
		}
		at, err := adm.FetchOffsets(ctx, group)
		have, ok := at.Lookup(inputs, partition)
		want, _ := stable.Lookup(inputs, partition)
		// Behind the last record there may be markers, which no processor is given.
		return err == nil && ok && r.lastRecord(ctx, partition, have.At, want.Offset) < have.At
	})
	stop()
	<-ended
}

// lastRecord is the highest offset of a committed record in a partition between two offsets, -1 for none; to is at most where
// what is decided ends.
func (r *run) lastRecord(ctx context.Context, partition int32, from, to int64) int64 {
	if from >= to {
		return -1
	}
	cl := r.direct(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{inputs: {partition: kgo.NewOffset().At(from)}}),
		isolation(true), kgo.KeepControlRecords())
	defer cl.Close()
	last := int64(-1)
	for at := from; at < to && ctx.Err() == nil; {
		for _, rec := range cl.PollFetches(ctx).Records() {
			at = rec.Offset + 1
			if !rec.Attrs.IsControl() {
				last = max(last, rec.Offset)
			}
		}
	}
	return last
}

// readToEnd reads all of both topics once more.
func (r *run) readToEnd(ctx context.Context, adm *kadm.Client) {
	r.t.Helper()
	ends, err := adm.ListEndOffsets(ctx, inputs, results)
	if err != nil {
		r.t.Fatal(err)
	}
	for process, to := range map[int]*checker.History{-3: &r.committed, -4: &r.uncommitted} {
		cl := r.direct(append(everything(), isolation(to == &r.committed), kgo.KeepControlRecords())...)
		left := map[string]int64{}
		ends.Each(func(o kadm.ListedOffset) {
			if o.Offset > 0 {
				left[key(o.Topic, o.Partition)] = o.Offset - 1
			}
		})
		for len(left) > 0 {
			records := cl.PollFetches(ctx).Records()
			if ctx.Err() != nil {
				r.t.Fatalf("the last reading is stuck before %v", left)
			}
			var data []*kgo.Record
			for _, rec := range records {
				if at := key(rec.Topic, rec.Partition); rec.Offset >= left[at] {
					delete(left, at)
				}
				if !rec.Attrs.IsControl() {
					data = append(data, rec)
				}
			}
			op := polled(data, "")
			op.Process = process
			to.Add(op)
		}
		cl.Close()
	}
}

func (r *run) await(ctx context.Context, what string, reached func() bool) {
	r.t.Helper()
	for !reached() {
		if ctx.Err() != nil {
			r.t.Fatalf("not within %v: %s\n%s", settled, what, r.broker.Tail(4000))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// judge has the checker look at what the clients did and what the readers saw: as committed, and as written.
func (r *run) judge() {
	r.t.Helper()
	committed := 0
	for _, file := range r.files {
		data, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was killed before it did anything
		}
		if err != nil {
			r.t.Fatal(err)
		}
		for text := range bytes.Lines(data) {
			var l line
			if err := json.Unmarshal(text, &l); err != nil {
				if bytes.HasSuffix(text, []byte("\n")) {
					r.t.Fatalf("%s: %v", file, err)
				}
				continue // it was killed in the middle of a line
			}
			if l.Error != "" {
				r.t.Errorf("a client was told what no client may be told: %s", l.Error)
				continue
			}
			r.committed.Add(*l.Op)
			if l.Op.Kind == checker.End && l.Op.Outcome == checker.OK {
				committed++
			}
			if l.Op.Kind == checker.Send {
				op := *l.Op
				op.Txn, op.From = "", ""
				r.uncommitted.Add(op)
			}
		}
	}
	report := checker.Check(&r.committed)
	report.Processed(&r.committed, func(rec checker.Record) string {
		if !strings.HasPrefix(rec.Key, inputs) {
			return ""
		}
		return rec.Value
	})
	r.t.Logf("%d transactions committed; as committed: %v", committed, report)
	if !report.OK() {
		r.t.Error("the history is not sound")
	}
	written := checker.Check(&r.uncommitted)
	r.t.Logf("as written: %v", written)
	if !written.OK() {
		r.t.Error("the history of all records is not sound")
	}
	if committed < 20*r.faults.kills || committed < 100 {
		r.t.Error("there was too little load to judge")
	}
}
