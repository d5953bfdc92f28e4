// Package coordinator runs one replicated state machine per shard, a shard being one partition of an internal
// topic.
//
// A request is an event for its shard's goroutine, which is the only one that touches the shard's state.
// Deciding looks at the state and the time and names records to append. Applying those records is the only
// thing that changes what the records describe; it happens at once, so that the next event of the same batch
// already sees it. All events that are queued together share one record batch. An answer leaves when
// everything that its event saw or wrote is durable. If the log refuses the batch, what was applied is undone
// and the answers of that batch fail. Starting again applies the same records from the partition's start, and
// so gives the same state. Requests wait for that, up to a second, before they are told to come again.
//
// Timers are events too. Time comes from the clock that is passed in.
package coordinator
