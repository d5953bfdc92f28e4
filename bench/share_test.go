package bench

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sharingFake is a fake whose members take each record once, a few at a time.
type sharingFake struct {
	*fake
	mu     sync.Mutex // guards next
	next   int        // record to be taken
	deal   func(n int) int
	answer func(n int) error // to what accepts the n-th record
}

type fakeTaker struct {
	f     *sharingFake
	topic string
	last  int
}

func (f *sharingFake) NewTaker(_ context.Context, topic, _ string, _ Config, _ int) (Taker, error) {
	return &fakeTaker{f: f, topic: topic}, nil
}

func (t *fakeTaker) Take(ctx context.Context, each func(Record) error) error {
	t.f.fake.mu.Lock()
	all := t.f.topics[t.topic]
	t.f.fake.mu.Unlock()
	t.f.mu.Lock()
	from := t.f.next
	to := min(from+7, len(all))
	t.f.next = to
	t.f.mu.Unlock()
	if from == to {
		<-ctx.Done()
		return ctx.Err()
	}
	for n := from; n < to; n++ {
		t.last = n
		if err := each(all[t.f.deal(n)]); err != nil {
			return err
		}
	}
	return nil
}

func (t *fakeTaker) Accept(context.Context) error {
	time.Sleep(t.f.took)
	return t.f.answer(t.last)
}

func (t *fakeTaker) Close() error { return nil }

// TestShare: every record is accepted once, and one that comes twice, does not come or is not accepted makes no figure.
func TestShare(t *testing.T) {
	for _, c := range []struct {
		name   string
		deal   func(n int) int
		answer func(n int) error
		want   string // of the error; "": none
	}{
		{name: "each once"},
		{name: "one twice in place of another", deal: func(n int) int {
			if n == 500 {
				return 501
			}
			return n
		}, want: "not the same ones"},
		{name: "one not accepted", answer: func(n int) error {
			if n > 500 {
				return errors.New("the lock is lost")
			}
			return nil
		}, want: "the lock is lost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &sharingFake{fake: newFake(), deal: func(n int) int { return n }, answer: func(int) error { return nil }}
				if c.deal != nil {
					f.deal = c.deal
				}
				if c.answer != nil {
					f.answer = c.answer
				}
				config := tiny(Share)
				config.Consumers = 4
				r, err := onFake(t.Context(), config, map[string]Driver{"a": f}, nil)
				if c.want != "" {
					if err == nil || !strings.Contains(err.Error(), c.want) {
						t.Fatalf("got %v; want an error with %q", err, c.want)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				m := r.Results[0]
				if m.Read.Records != 1000 || m.Records != 1000 || m.Bytes != 64_000 || m.Seconds <= 0 {
					t.Errorf("got %+v; want 1000 records of 64 bytes", m)
				}
				if m.Ack == nil || m.Ack.P50 < 900 || m.Ack.P50 > 1100 {
					t.Errorf("acknowledgements took %+v; want about 1 ms", m.Ack)
				}
			})
		})
	}
}

// silentFake is a sharingFake whose acknowledgements have no answer.
type silentFake struct {
	*sharingFake
	left int64 // that it has in the end
}

type silentTaker struct {
	Taker
	seen bool
}

func (f *silentFake) NewTaker(ctx context.Context, topic, group string, c Config, i int) (Taker, error) {
	t, err := f.sharingFake.NewTaker(ctx, topic, group, c, i)
	return &silentTaker{Taker: t}, err
}

func (t *silentTaker) Seen(context.Context) error {
	time.Sleep(time.Second)
	t.seen = true
	return nil
}

func (t *silentTaker) Close() error {
	if !t.seen {
		return errors.New("closed before its acknowledgements were seen")
	}
	return t.Taker.Close()
}

func (f *silentFake) Left(context.Context, string) (int64, error) { return f.left, nil }

// TestShareWithoutAnswers: where acknowledgements have no answer the run lasts until the broker has done them, gives no time of them,
// and is no figure where the broker still has a record.
func TestShareWithoutAnswers(t *testing.T) {
	for _, left := range []int64{0, 3} {
		synctest.Test(t, func(t *testing.T) {
			f := &silentFake{left: left, sharingFake: &sharingFake{fake: newFake(), deal: func(n int) int { return n },
				answer: func(int) error { return nil }}}
			config := tiny(Share)
			config.Consumers = 4
			r, err := onFake(t.Context(), config, map[string]Driver{"a": f}, nil)
			if left > 0 {
				if err == nil || !strings.Contains(err.Error(), "3 records were accepted, and are there still") {
					t.Errorf("got %v; want an error about the 3 that are left", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if m := r.Results[0]; m.Ack != nil || m.Read.Records != 1000 || m.Seconds < 1 {
				t.Errorf("got %+v; want 1000 records, no time of acknowledgements, and the second that the broker took", m)
			}
		})
	}
}
