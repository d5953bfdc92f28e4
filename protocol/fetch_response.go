package protocol

// FetchResponse is a Fetch answer, v4 to v18.
type FetchResponse struct {
	ThrottleMs    int32
	ErrorCode     int16 // v7+
	SessionID     int32 // v7+
	Topics        []FetchTopicResponse
	NodeEndpoints []NodeEndpoint // v16+, tagged
}

// FetchTopicResponse is one topic of a Fetch answer.
type FetchTopicResponse struct {
	Name       string   // up to v12
	ID         [16]byte // from v13
	Partitions []FetchPartitionResponse
}

// FetchPartitionResponse is one partition of a Fetch answer.
type FetchPartitionResponse struct {
	Index                int32
	ErrorCode            int16
	HighWatermark        int64
	LastStableOffset     int64
	LogStartOffset       int64                // v5+
	Diverging            *EpochEndOffset      // v12+, tagged
	CurrentLeader        *LeaderIDAndEpoch    // v12+, tagged
	Aborted              []AbortedTransaction // nil is null, as read_uncommitted has it
	PreferredReadReplica int32                // v11+; -1 for none
	Records              []Sender             // batches, in order; none is an empty record set
}

// EpochEndOffset is where the largest common epoch of two logs ends.
type EpochEndOffset struct {
	Epoch     int32
	EndOffset int64
}

// AbortedTransaction is an aborted transaction that overlaps the answer.
type AbortedTransaction struct {
	ProducerID, FirstOffset int64
}

// AppendFetchResponse appends the answer's body in the given version to dst
// and returns it in parts.
func AppendFetchResponse(dst []byte, version int16, r *FetchResponse) []Part { panic("unwritten") }
