package bench

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"
)

// fake is a Driver over memory that misbehaves where it is told to.
type fake struct {
	mu     sync.Mutex
	topics map[string][]Record
	more   chan struct{} // closed and made anew when a record comes

	took    time.Duration                  // how long an answer takes
	onSend  func(n int)                    // before the n-th record of a run is taken, from 0
	onStore func(n int, r Record) []Record // what is stored for it
	answer  func(n int) error              // what it is answered with
	n       int
	closed  func()
}

func newFake() *fake {
	return &fake{topics: map[string][]Record{}, more: make(chan struct{}), took: time.Millisecond}
}

func (f *fake) Prepare(_ context.Context, topic string, _ Config) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.topics[topic] = nil
	return nil
}

func (f *fake) Remove(_ context.Context, topic string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.topics[topic]; !ok {
		return errors.New("no such topic")
	}
	delete(f.topics, topic)
	return nil
}

func (f *fake) Close() error {
	if f.closed != nil {
		f.closed()
	}
	return nil
}

func (f *fake) NewProducer(_ context.Context, topic string, _ Config, _ int) (Producer, error) {
	return &fakeProducer{f: f, topic: topic}, nil
}

func (f *fake) NewConsumer(_ context.Context, topic string, c Config, i int) (Consumer, error) {
	return &fakeConsumer{f: f, topic: topic, at: i, step: c.Consumers}, nil
}

type fakeProducer struct {
	f       *fake
	topic   string
	running sync.WaitGroup
}

func (p *fakeProducer) Send(_ context.Context, r Record, done func(error)) {
	p.f.mu.Lock()
	n := p.f.n
	p.f.n++
	p.f.mu.Unlock()
	if p.f.onSend != nil {
		p.f.onSend(n)
	}
	r.Value = bytes.Clone(r.Value)
	stored := []Record{r}
	if p.f.onStore != nil {
		stored = p.f.onStore(n, r)
	}
	var err error
	if p.f.answer != nil {
		err = p.f.answer(n)
	}
	p.running.Go(func() {
		time.Sleep(p.f.took)
		p.f.mu.Lock()
		p.f.topics[p.topic] = append(p.f.topics[p.topic], stored...)
		close(p.f.more)
		p.f.more = make(chan struct{})
		p.f.mu.Unlock()
		done(err)
	})
}

func (p *fakeProducer) Flush(context.Context) error { p.running.Wait(); return nil }

func (p *fakeProducer) Close() error { return nil }

// fakeConsumer gives every step-th record.
type fakeConsumer struct {
	f        *fake
	topic    string
	at, step int
}

func (c *fakeConsumer) Receive(ctx context.Context, each func(Record) error) error {
	for {
		c.f.mu.Lock()
		all, more := c.f.topics[c.topic], c.f.more
		c.f.mu.Unlock()
		if c.at < len(all) {
			for ; c.at < len(all); c.at += c.step {
				if err := each(all[c.at]); err != nil {
					return err
				}
			}
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *fakeConsumer) Close() error { return nil }

// counting is a fake that also tells how many records it holds.
type counting struct{ *fake }

func (f counting) Count(_ context.Context, topic string) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return int64(len(f.topics[topic])), nil
}
