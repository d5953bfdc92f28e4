package groups

import "weir/metadata"

// ConsumerHeartbeatRequest is all that a member of a consumer group says (ConsumerGroupHeartbeat, KIP-848).
// What is nil has not changed since the member said it last.
type ConsumerHeartbeatRequest struct {
	GroupID    string
	MemberID   string
	Epoch      int32 // the member's; 0 joins, -1 leaves, -2 leaves as a static member that will be back
	InstanceID *string
	RackID     *string
	ClientID   string
	ClientHost string

	RebalanceTimeoutMs int32 // -1: not changed
	Topics             []string
	Regex              *string // RE2; matches whole topic names; "" for none
	Assignor           *string
	Owned              []metadata.PartitionID // what the member has at this moment

	// RequireMemberID refuses members that want the coordinator to name them (version 1 and later, KIP-1082).
	RequireMemberID bool
}

// ConsumerHeartbeatResponse tells a member where it stands.
type ConsumerHeartbeatResponse struct {
	MemberID            string
	Epoch               int32
	HeartbeatIntervalMs int32 // 0 for one that leaves
	// Assigned is whether the answer holds the member's assignment: when it has changed, and when the member
	// has told everything about itself.
	Assigned   bool
	Assignment []metadata.PartitionID
}

// PartitionName names a partition with its topic's name.
type PartitionName struct {
	metadata.PartitionID
	Topic string
}

// ConsumerMemberDescription is one member of a consumer group as administrators see it. Assignment holds what
// it is to give up too. Partitions of topics that are gone are left out.
type ConsumerMemberDescription struct {
	MemberID   string
	InstanceID *string
	RackID     *string
	ClientID   string
	ClientHost string
	Epoch      int32
	Topics     []string
	Regex      *string
	Classic    bool // it speaks the classic protocol
	Assignment []PartitionName
	Target     []PartitionName
}

// ConsumerDescription is one consumer group as administrators see it (ConsumerGroupDescribe). If there is no
// such group, or it is a classic one, Err is ErrGroupNotFound.
type ConsumerDescription struct {
	GroupID     string
	State       State
	Epoch       int32
	TargetEpoch int32
	Assignor    string
	Members     []ConsumerMemberDescription
	Err         error
}
