package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// consume writes what is to be read, drops the page cache where the read is to be cold, and reads everything back.
func consume(ctx context.Context, r *run) error {
	if err := r.prepare(ctx, r.topic); err != nil {
		return err
	}
	l := r.load()
	l.rate = 0
	sent, err := r.fill(ctx, r.topic, stage{name: "fill"}, l)
	if err != nil {
		return err
	}
	if r.c.Workload == ConsumeCold {
		if err := r.cool(ctx); err != nil {
			return err
		}
	}
	r.reads = true
	return r.read(ctx, stage{name: "read", counted: true}, sent)
}

// read reads a topic from its start in one stage. The consumers are made under the clock: some begin to fetch at once.
func (r *run) read(ctx context.Context, s stage, sent Flow) error {
	s.done = r.done(load{records: int(sent.Records)}, &r.received, 1)
	_, err := r.work(ctx, s, func(ctx context.Context) (err error) {
		cs, err := r.consumers(ctx, r.topic, r.c.Consumers)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closeAll(cs)) }()
		in := r.sink(cs, nil)
		in.expect(sent.Records)
		if err := in.receive(ctx); err != nil {
			return err
		}
		return in.verify(sent)
	})
	return err
}

// cool gets what was written out of the page cache: by asking the kernel where the files are on this machine, else by writing
// Config.EvictBytes to another topic.
func (r *run) cool(ctx context.Context) error {
	if r.t.DataDir != "" {
		return r.dropCache(time.Now())
	}
	if r.c.EvictBytes == 0 {
		return errors.New("a cold read needs the target's data directory, or evict_bytes to write until the broker's memory is full of others")
	}
	topic := r.topic + "-filler"
	if err := r.prepare(ctx, topic); err != nil {
		return err
	}
	l := load{records: int(r.c.EvictBytes / r.recordSize())}
	if _, err := r.fill(ctx, topic, stage{name: "evict"}, l); err != nil {
		return err
	}
	r.note("cold: %.0f MiB were written to another topic before the read", float64(r.c.EvictBytes)/(1<<20))
	return nil
}

// dropCache writes back, then drops the pages of files that did not change after a moment.
func (r *run) dropCache(since time.Time) error {
	if err := writeBack(r.t.DataDir); err != nil {
		return err
	}
	files, size, err := dropCache(r.t.DataDir, since)
	if err != nil {
		return err
	}
	if files == 0 {
		return fmt.Errorf("no files to drop from the page cache in %s", r.t.DataDir)
	}
	r.note("cold: the cached pages of %d files, %.0f MiB, were dropped (posix_fadvise) after a write-back", files, float64(size)/(1<<20))
	return nil
}
