package groups

import (
	"weir/coordinator"
	"weir/log"
	"weir/metadata"
)

// NoGeneration and NoMember are what a consumer that is in no group commits with.
const (
	NoGeneration = int32(-1)
	NoMember     = ""
)

// CommitPartition is one offset to store.
type CommitPartition struct {
	Index       int32
	Offset      int64
	LeaderEpoch int32   // -1 if unknown
	Metadata    *string // nil is stored as ""
}

// CommitTopic is the part of a commit for one topic. Callers have checked that topic and partitions exist.
type CommitTopic struct {
	Name       string
	ID         metadata.TopicID // zero if not known; stored with the offset, and echoed
	Partitions []CommitPartition
}

// CommitRequest stores offsets of a group (OffsetCommit). Generation is -1 and MemberID "" for consumers
// outside groups and for administrators.
type CommitRequest struct {
	GroupID     string
	Generation  int32
	MemberID    string
	InstanceID  *string
	KnowsEpochs bool  // Generation may be a member epoch (version 9 and later, KIP-848)
	RetentionMs int64 // versions 2 to 4; -1 for the broker's own retention
	Topics      []CommitTopic
}

// TransactionCommitRequest stores offsets as part of a producer's transaction (TxnOffsetCommit): they count when
// that is committed. The generation and the members are checked only if one of them is given. RetentionMs is not
// used.
type TransactionCommitRequest struct {
	CommitRequest
	Producer coordinator.Producer
	// Guard is that of the group's partition, taken before it was made sure that the partition is part of the
	// transaction.
	Guard log.Guard
}

// CommitPartitionResult is what became of one offset.
type CommitPartitionResult struct {
	Index int32
	Err   error
}

// CommitTopicResult is the answer for one topic of a commit.
type CommitTopicResult struct {
	Name       string
	ID         metadata.TopicID
	Partitions []CommitPartitionResult
}

// CommitResponse mirrors the request's topics and partitions. An error of the whole request is the future's
// error and is then to be repeated for every partition.
type CommitResponse struct{ Topics []CommitTopicResult }

// FetchTopic names partitions whose committed offsets are wanted.
type FetchTopic struct {
	Name       string
	ID         metadata.TopicID // echoed; if not zero, offsets of an earlier topic of that name do not count
	Partitions []int32
}

// FetchRequest asks for committed offsets (OffsetFetch, one group of it).
type FetchRequest struct {
	GroupID       string
	MemberID      *string // version 9 and later; nil: not checked
	MemberEpoch   int32   // -1: not checked
	All           bool    // every committed offset; Topics is ignored
	Topics        []FetchTopic
	RequireStable bool // offsets of open transactions answer ErrUnstableOffset (KIP-447)
}

// FetchPartitionResult is one committed offset; Offset is -1 if there is none.
type FetchPartitionResult struct {
	Index       int32
	Offset      int64
	LeaderEpoch int32 // -1 if unknown
	Metadata    string
	TopicID     metadata.TopicID // of the topic when the offset was committed; zero if not known
	Err         error
}

// FetchTopicResult is the answer for one topic.
type FetchTopicResult struct {
	Name       string
	ID         metadata.TopicID
	Partitions []FetchPartitionResult
}

// FetchResponse mirrors the request, or holds every topic with commits, sorted, if All was asked for.
type FetchResponse struct {
	GroupID string
	Topics  []FetchTopicResult
}

// DeleteOffsetsTopic names partitions whose committed offsets are to be dropped.
type DeleteOffsetsTopic struct {
	Name       string
	Partitions []int32
}

// DeleteOffsetsRequest drops committed offsets (OffsetDelete). Callers have checked that the topics exist.
type DeleteOffsetsRequest struct {
	GroupID string
	Topics  []DeleteOffsetsTopic
}

// DeleteOffsetsResponse mirrors the request.
type DeleteOffsetsResponse struct{ Topics []CommitTopicResult }
