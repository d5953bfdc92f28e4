// Package compact decides what compaction keeps of a log: of each key the newest record, of a deleted key its tombstone
// for a while, of transactions what was committed, and of what their markers decide as much as is needed.
//
// A pass goes over the dirty part of a log twice: first [Mapper] notes the newest offset of each key, as many as fit
// into memory, then [Pass] goes over the log from its first batch and says of each batch what stays of it. Nothing
// here touches a disk, a clock or a lock.
package compact
