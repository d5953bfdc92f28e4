package groups

// Protocol is one way of sharing partitions that a member offers, with what it says about itself for it.
type Protocol struct {
	Name     string
	Metadata []byte
}

// JoinRequest asks to be a member of the next generation (JoinGroup).
type JoinRequest struct {
	GroupID            string
	MemberID           string  // "" for a member that has none yet
	InstanceID         *string // static members only (KIP-345)
	ClientID           string
	ClientHost         string
	SessionTimeoutMs   int32
	RebalanceTimeoutMs int32 // version 0 has none: pass the session timeout
	ProtocolType       string
	Protocols          []Protocol
	// RequireKnownMemberID makes a new dynamic member join in two steps (version 4 and later, KIP-394).
	RequireKnownMemberID bool
	// SupportsSkippingAssignment says that a returning static leader understands SkipAssignment (version 9,
	// KIP-814).
	SupportsSkippingAssignment bool
	Reason                     string
}

// JoinMember is what the leader learns of each member.
type JoinMember struct {
	MemberID   string
	InstanceID *string
	Metadata   []byte
}

// JoinResponse is the new generation as one member sees it. With an error MemberID still holds the id to
// answer with.
type JoinResponse struct {
	Generation     int32
	ProtocolType   *string
	Protocol       *string
	Leader         string
	MemberID       string
	SkipAssignment bool
	Members        []JoinMember // for the leader only
}

// Assignment is what the leader gives to one member, opaque to the broker.
type Assignment struct {
	MemberID string
	Data     []byte
}

// SyncRequest asks for the member's assignment; the leader's brings everyone's (SyncGroup).
type SyncRequest struct {
	GroupID      string
	Generation   int32
	MemberID     string
	InstanceID   *string
	ProtocolType *string // nil before version 5: not checked
	Protocol     *string // nil before version 5: not checked
	Assignments  []Assignment
}

// SyncResponse is the member's assignment.
type SyncResponse struct {
	ProtocolType *string
	Protocol     *string
	Assignment   []byte
}

// HeartbeatRequest says that a member is alive (Heartbeat).
type HeartbeatRequest struct {
	GroupID    string
	Generation int32
	MemberID   string
	InstanceID *string
}

// HeartbeatResponse has nothing to say: the error is all.
type HeartbeatResponse struct{}

// LeaveMember names one member that leaves, by id or by instance id.
type LeaveMember struct {
	MemberID   string
	InstanceID *string
	Reason     string
}

// LeaveRequest takes members out of the group at once (LeaveGroup). Versions before 3 name exactly one.
type LeaveRequest struct {
	GroupID string
	Members []LeaveMember
}

// LeaveResult is what became of one LeaveMember.
type LeaveResult struct {
	MemberID   string
	InstanceID *string
	Err        error
}

// LeaveResponse has one result for each member asked for, in the same order.
type LeaveResponse struct{ Members []LeaveResult }
