package groups

import "weir/metadata"

// ShareHeartbeatRequest is all that a member of a share group says (ShareGroupHeartbeat, KIP-932).
type ShareHeartbeatRequest struct {
	GroupID    string
	MemberID   string // the client's choice
	Epoch      int32  // the member's; 0 joins, -1 leaves
	RackID     *string
	ClientID   string
	ClientHost string
	Topics     []string // that it reads; nil: not changed since it said it last
}

// ShareHeartbeatResponse tells a member where it stands.
type ShareHeartbeatResponse struct {
	MemberID            string
	Epoch               int32
	HeartbeatIntervalMs int32
	Assigned            bool // whether Assignment holds what the member is to take records from
	Assignment          []metadata.PartitionID

	// GroupEpoch is the group's epoch, in which states are made.
	GroupEpoch int32
	// Initialize is the partitions of which a state is to be made now. Members get them when Service.ShareInitialized has
	// been told that it is; if it is not told, they are asked for again after a while.
	Initialize []ShareInitialize
}

// ShareInitialize is a partition of which a share group is to have a state.
type ShareInitialize struct {
	metadata.PartitionID
	// FromStart says that the group begins the partition with its first record, whatever share.auto.offset.reset says: the
	// partition came to a topic that the group has been reading.
	FromStart bool
}

// ShareMemberDescription is one member of a share group as administrators see it.
type ShareMemberDescription struct {
	MemberID   string
	Epoch      int32
	RackID     *string
	ClientID   string
	ClientHost string
	Topics     []string
	Assignment []PartitionName
}

// ShareDescription is one share group as administrators see it (ShareGroupDescribe). If there is no such group, or it is of
// another kind, Err is ErrGroupNotFound.
type ShareDescription struct {
	GroupID     string
	State       State
	Epoch       int32
	TargetEpoch int32
	Assignor    string
	Members     []ShareMemberDescription
	Err         error
}

// ShareStates is the partitions of which a share group has a state.
type ShareStates struct {
	Share      bool // whether there is such a share group
	Partitions []metadata.PartitionID
}
