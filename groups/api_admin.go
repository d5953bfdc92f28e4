package groups

// State names a state of a group, as Kafka's tools print it.
type State string

// States of groups. A classic one that is not empty or stable prepares or completes a rebalance; a consumer
// group is to be assigned anew, or members are on their way to what they have been assigned.
const (
	StateEmpty               State = "Empty"
	StatePreparingRebalance  State = "PreparingRebalance"
	StateCompletingRebalance State = "CompletingRebalance"
	StateAssigning           State = "Assigning"
	StateReconciling         State = "Reconciling"
	StateStable              State = "Stable"
	StateNotReady            State = "NotReady" // topics of a streams group are not as they must be
	StateDead                State = "Dead"
)

// Type names the protocol by which a group works, as Kafka's tools print it.
type Type string

// Types of groups.
const (
	TypeClassic  Type = "classic"
	TypeConsumer Type = "consumer"
	TypeStreams  Type = "streams"
	TypeShare    Type = "share"
)

// MemberDescription is one member as administrators see it. Metadata and Assignment are those of the chosen
// protocol and empty while the group is not stable.
type MemberDescription struct {
	MemberID   string
	InstanceID *string
	ClientID   string
	ClientHost string
	Metadata   []byte
	Assignment []byte
}

// Description is one group as administrators see it (DescribeGroups). A group that does not exist has Err
// ErrGroupNotFound and state Dead.
type Description struct {
	GroupID      string
	State        State
	ProtocolType string
	Protocol     string // "" while the group is not stable
	Members      []MemberDescription
	Err          error
}

// ListRequest selects groups; empty lists select everything. Names are matched without regard to case.
type ListRequest struct {
	States []string
	Types  []string
}

// Listed is one group of a listing.
type Listed struct {
	GroupID      string
	ProtocolType string
	State        State
	Type         Type
}

// DeleteResult is what became of one group that was to be deleted.
type DeleteResult struct {
	GroupID string
	Err     error
}
