package groups

// Endpoint is where a member of a streams group answers queries on its state.
type Endpoint struct {
	Host string
	Port uint16
}

// Tag is something that a member of a streams group says of where it runs.
type Tag struct{ Key, Value string }

// InternalTopic is a topic that a topology makes for itself.
type InternalTopic struct {
	Name        string
	Partitions  int32 // 0: follows from the topics that it is made of
	Replication int16 // 0: as the broker has it
	Configs     []Tag
}

// Subtopology is a connected part of a topology: the unit of which there is a task for each partition.
type Subtopology struct {
	ID          string
	Sources     []string
	SourceRegex []string
	Changelogs  []InternalTopic
	Sinks       []string // repartition topics that it writes
	Repartition []InternalTopic
	Copartition []CopartitionGroup
}

// CopartitionGroup is topics that must have as many partitions as each other, as indexes of the subtopology's lists.
type CopartitionGroup struct{ Sources, SourceRegex, Repartition []int16 }

// Topology is all that the members of a streams group run.
type Topology struct {
	Epoch         int32
	Subtopologies []Subtopology
}

// Tasks is tasks of one subtopology.
type Tasks struct {
	Subtopology string
	Partitions  []int32
}

// TaskSet is tasks by their role. In a request none of the lists may be nil.
type TaskSet struct{ Active, Standby, Warmup []Tasks }

// TaskOffset is the sum of the offsets of a task's changelogs.
type TaskOffset struct {
	Subtopology string
	Partition   int32
	Offset      int64
}

// StreamsStatus is something that keeps a group from running, in the codes of KIP-1071.
type StreamsStatus struct {
	Code   StatusCode
	Detail string
}

// StatusCode is the kind of a StreamsStatus, numbered as in StreamsGroupHeartbeat.
type StatusCode int8

// The codes of a StreamsStatus.
const (
	StatusStaleTopology          StatusCode = 0
	StatusMissingSourceTopics    StatusCode = 1
	StatusIncorrectlyPartitioned StatusCode = 2
	StatusMissingInternalTopics  StatusCode = 3
	StatusShutdownApplication    StatusCode = 4
	StatusAssignmentDelayed      StatusCode = 5
)

// StreamsHeartbeatRequest is all that a member of a streams group says (StreamsGroupHeartbeat, KIP-1071). What is
// nil has not changed since the member said it last.
type StreamsHeartbeatRequest struct {
	GroupID       string
	MemberID      string
	Epoch         int32 // the member's; 0 joins, -1 leaves
	EndpointEpoch int32 // of the endpoints that the member knows
	InstanceID    *string
	RackID        *string
	ClientID      string
	ClientHost    string

	RebalanceTimeoutMs int32 // -1: not changed
	Topology           *Topology
	Owned              *TaskSet // nil: not told
	ProcessID          *string
	Endpoint           *Endpoint
	Tags               []Tag
	Offsets            []TaskOffset // of the states of its tasks; nil: not changed
	EndOffsets         []TaskOffset // of their changelogs
	Shutdown           bool         // the whole application is to end
}

// StreamsHeartbeatResponse tells a member where it stands.
type StreamsHeartbeatResponse struct {
	MemberID              string
	Epoch                 int32
	HeartbeatIntervalMs   int32
	TaskOffsetIntervalMs  int32 // between two reports of offsets
	AcceptableRecoveryLag int64 // records; -1: not told
	Status                []StreamsStatus
	Assigned              bool // whether Tasks holds the member's tasks
	Tasks                 TaskSet
	EndpointEpoch         int32
	Endpoints             []EndpointPartitions // nil if the member knows them
	// Missing is the internal topics that are to be made now.
	Missing []InternalTopic
}

// EndpointPartitions is the partitions that a member serves at its endpoint.
type EndpointPartitions struct {
	Endpoint        Endpoint
	Active, Standby []TopicPartitions
}

// TopicPartitions is partitions of a topic.
type TopicPartitions struct {
	Topic      string
	Partitions []int32
}

// StreamsMemberDescription is one member of a streams group as administrators see it.
type StreamsMemberDescription struct {
	MemberID           string
	Epoch              int32
	InstanceID, RackID *string
	ClientID           string
	ClientHost         string
	TopologyEpoch      int32
	ProcessID          string
	Endpoint           *Endpoint
	Tags               []Tag
	Assignment, Target TaskSet

	Offsets, EndOffsets []TaskOffset // as the member reported them, sorted
}

// StreamsDescription is one streams group as administrators see it (StreamsGroupDescribe). If there is no such
// group, or it is of another kind, Err is ErrGroupNotFound.
type StreamsDescription struct {
	GroupID     string
	State       State
	Epoch       int32
	TargetEpoch int32
	Topology    *Topology
	Members     []StreamsMemberDescription
	Err         error
}
