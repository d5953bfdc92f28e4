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

// Each collection is told, and each once.
func TestAfterCollections(t *testing.T) {
	told := make(chan struct{}, 100)
	afterCollections(func() { told <- struct{}{} })
	for range 3 {
		runtime.GC()
		select {
		case <-told:
		case <-time.After(time.Minute):
			t.Fatal("a collection was not told")
		}
	}
}
