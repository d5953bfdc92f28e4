package main

import (
	"os"
	"runtime/debug"

	"weir/config"
)

// memoryBesidesRequests is what the program needs, in bytes, beside the requests in flight: its code and stacks, what
// it knows of topics and connections, and room for the garbage collector.
const memoryBesidesRequests = 56 << 20

// limitMemory tells the garbage collector what the settings promise: as much memory as requests in flight may take
// (one of the largest size, which is rare, comes on top), the key tables of compaction, and what is needed beside them. GOMEMLIMIT in the environment
// is stronger. Without a limit of requests there is none of memory.
func limitMemory(values *config.Values) {
	queued := values.Int64("queued.max.request.bytes")
	if queued <= 0 || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	requests := max(queued-values.Int64("socket.request.max.bytes"), 0)
	keys := int64(0)
	if values.Bool("log.cleaner.enable") {
		keys = values.Int64("log.cleaner.dedupe.buffer.size")
	}
	debug.SetMemoryLimit(requests + keys + memoryBesidesRequests)
}
