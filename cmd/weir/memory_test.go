package main

import (
	"runtime"
	"testing"
	"time"
)

// The limit grows with what is in use, and never below it.
func TestMemoryLimit(t *testing.T) {
	const requests = 44 << 20
	least := memoryLimit(requests, 0)
	if least != requests+memoryBesidesRequests {
		t.Errorf("limit of an empty broker is %d", least)
	}
	last := least
	for live := int64(0); live < 4<<30; live += 7 << 20 {
		limit := memoryLimit(requests, live)
		if limit < last || live > least && limit < live+live/4 {
			t.Fatalf("limit of %d in use is %d, after %d", live, limit, last)
		}
		last = limit
	}
}

// Collections go on being told.
func TestAfterCollections(t *testing.T) {
	told := make(chan struct{})
	afterCollections(func() {
		select {
		case told <- struct{}{}:
		case <-t.Context().Done(): // it goes on when the test is over, and must not keep the runtime's goroutine
		}
	})
	over := time.After(time.Minute)
	for left := 3; left > 0; {
		runtime.GC() // one that comes before it listens again is not told
		select {
		case <-told:
			left--
		case <-time.After(10 * time.Millisecond):
		case <-over:
			t.Fatal("no collection was told for a minute")
		}
	}
}
