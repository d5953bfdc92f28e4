package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"

	"weir/config"
)

// memoryBesidesRequests is what the program needs, in bytes, beside the requests in flight: its code and stacks, what
// it knows of topics and connections, and room for the garbage collector.
const memoryBesidesRequests = 56 << 20

// memoryKnown is how much of memoryBesidesRequests what the program knows may take before the limit grows.
const memoryKnown = 20 << 20

// limitMemory tells the garbage collector what the settings promise: as much memory as requests in flight may take
// (one of the largest size, which is rare, comes on top) and what is needed beside them. GOMEMLIMIT in the environment is
// stronger. Without a limit of requests there is none of memory.
//
// The limit bounds garbage, not what is in use: where a hundred thousand groups or topics, or a key table of compaction,
// need more than was allowed for, it grows with them, or the collector would run without a pause to find nothing.
func limitMemory(values *config.Values) {
	queued := values.Int64("queued.max.request.bytes")
	if queued <= 0 || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	requests := max(queued-values.Int64("socket.request.max.bytes"), 0)
	limit := requests + memoryBesidesRequests
	debug.SetMemoryLimit(limit)
	afterCollections(func() {
		wanted := memoryLimit(requests, liveBytes())
		if wanted > limit+limit/16 || wanted < limit-limit/16 {
			limit = wanted
			debug.SetMemoryLimit(limit)
		}
	})
}

// memoryLimit is the limit, in bytes, where requests in flight may take so much and so much of the heap is in use.
func memoryLimit(requests, live int64) int64 {
	return requests + memoryBesidesRequests + 2*max(live-requests-memoryKnown, 0)
}

// liveBytes is what the last collection found in use.
func liveBytes() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(sample[0].Value.Uint64())
}

// afterCollections calls do after each garbage collection, on a goroutine of the runtime's, one call at a time. A collection that begins
// before a call has ended is not told.
func afterCollections(do func()) {
	type sentinel struct{ _ *byte } // with a pointer it is not allocated together with others
	runtime.AddCleanup(&sentinel{}, func(do func()) {
		do()
		afterCollections(do)
	}, do)
}
