// Package share keeps what share groups have of a partition (KIP-932): which records are with whom and until when, which are
// settled, and how often each was delivered.
//
// Each share partition (a group's view of one partition) lives on one shard, a partition of __share_group_state, in
// Kafka's record format. The state is a pure machine on package coordinator: what is settled changes by records alone; who holds
// a record, and for how long, is in memory only. When the shard moves or the broker dies, what was held is available again.
//
// Records go to members by Fetch, which looks at the log beyond what the machine knows, tells it what is there, has it choose,
// and reads what was chosen.
package share
