package client

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
)

func TestTakeGivesWhatCameInOrder(t *testing.T) {
	in := NewInbox[int](10)
	for i := range 3 {
		in.Put(i)
	}
	got, err := in.Take(t.Context())
	if err != nil || !slices.Equal(got, []int{0, 1, 2}) {
		t.Fatalf("got %v, %v; want [0 1 2]", got, err)
	}
	in.Put(3)
	if got, err = in.Take(t.Context()); err != nil || !slices.Equal(got, []int{3}) {
		t.Errorf("got %v, %v; want [3]", got, err)
	}
}

func TestPutWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := NewInbox[int](1)
		in.Put(1)
		put := false
		go func() { in.Put(2); put = true }()
		synctest.Wait()
		if put {
			t.Fatal("an inbox with room for one took two")
		}
		for _, want := range []int{1, 2} {
			got, err := in.Take(t.Context())
			if err != nil || !slices.Equal(got, []int{want}) {
				t.Fatalf("got %v, %v; want [%d]", got, err, want)
			}
		}
		go func() { in.Put(3); in.Put(4); put = false }()
		synctest.Wait()
		in.Close()
		synctest.Wait()
		if put {
			t.Error("a closed inbox lets a putter wait")
		}
	})
}

func TestTakeEnds(t *testing.T) {
	in := NewInbox[int](1)
	failed, stopped := errors.New("connection lost"), errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stopped)
	if _, err := in.Take(ctx); !errors.Is(err, stopped) {
		t.Errorf("got %v; want %v", err, stopped)
	}
	in.Put(1)
	in.Fail(failed)
	if got, err := in.Take(t.Context()); err != nil || len(got) != 1 {
		t.Errorf("got %v, %v; what came before the failure is to be taken first", got, err)
	}
	if _, err := in.Take(t.Context()); !errors.Is(err, failed) {
		t.Errorf("got %v; want %v", err, failed)
	}
}

func TestWindowDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(2)
		for range 2 {
			if err := w.Enter(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		drained := false
		go func() { drained = w.Drain(t.Context()) == nil }()
		synctest.Wait()
		w.Leave()
		synctest.Wait()
		if drained {
			t.Fatal("drained with one record unacknowledged")
		}
		w.Leave()
		synctest.Wait()
		if !drained || len(w) != 0 {
			t.Errorf("drained: %v, %d left; want all", drained, len(w))
		}
	})
}

func TestWindowEndsWithItsContext(t *testing.T) {
	w, stopped := NewWindow(1), errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	if err := w.Enter(ctx); err != nil {
		t.Fatal(err)
	}
	cancel(stopped)
	if err := w.Enter(ctx); !errors.Is(err, stopped) {
		t.Errorf("enter: %v; want %v", err, stopped)
	}
	if err := w.Drain(ctx); !errors.Is(err, stopped) {
		t.Errorf("drain: %v; want %v", err, stopped)
	}
	if len(w) != 1 {
		t.Errorf("%d in the window; want the one that is not acknowledged", len(w))
	}
}
