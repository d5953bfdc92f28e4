package protocol

// FetchRequest is a decoded Fetch request, v4 to v18.
type FetchRequest struct {
	ClusterID       *string // v12+, tagged
	ReplicaID       int32   // -1 for a consumer; v15+ tagged with ReplicaEpoch
	ReplicaEpoch    int64
	MaxWaitMs       int32
	MinBytes        int32
	MaxBytes        int32
	IsolationLevel  int8 // 0 read_uncommitted, 1 read_committed
	SessionID       int32
	SessionEpoch    int32 // -1 without session (v4-v6 too), 0 opens one
	Topics          []FetchTopic
	ForgottenTopics []ForgottenTopic // v7+
	RackID          string           // v11+
}

// FetchTopic is one topic to fetch from.
type FetchTopic struct {
	Name       string   // up to v12
	ID         [16]byte // from v13
	Partitions []FetchPartition
}

// FetchPartition is one partition to fetch from.
type FetchPartition struct {
	Index              int32
	CurrentLeaderEpoch int32 // v9+; -1 when not known
	FetchOffset        int64
	LastFetchedEpoch   int32 // v12+; -1 when not known
	LogStartOffset     int64 // v5+; -1 from consumers
	MaxBytes           int32
	ReplicaDirectoryID [16]byte // v17+, tagged
	HighWatermark      int64    // v18+, tagged; max int64 when absent
}

// ForgottenTopic is a topic whose partitions leave the fetch session.
type ForgottenTopic struct {
	Name       string   // v7 to v12
	ID         [16]byte // from v13
	Partitions []int32
}

// DecodeFetch checks body strictly and decodes it into r, reusing r's slices.
func DecodeFetch(version int16, body []byte, r *FetchRequest) error { panic("unwritten") }
