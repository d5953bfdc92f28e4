package groups

import (
	"errors"
	"fmt"
)

// Errors that a request to a group can end with, besides those of package coordinator.
var (
	ErrInvalidGroupID         = errors.New("the group id is invalid")
	ErrInvalidRequest         = errors.New("the request is invalid")
	ErrUnknownMember          = errors.New("the group does not know this member")
	ErrIllegalGeneration      = errors.New("the generation is not the group's current one")
	ErrInconsistentProtocol   = errors.New("the member's protocols do not fit the group's")
	ErrInvalidSessionTimeout  = errors.New("the session timeout is not within the allowed range")
	ErrRebalanceInProgress    = errors.New("the group is rebalancing")
	ErrMemberIDRequired       = errors.New("the member must join again with its member id")
	ErrFencedInstance         = errors.New("another member has the same group instance id")
	ErrGroupMaxSize           = errors.New("the group has reached its maximum size")
	ErrTooManyGroups          = errors.New("there are as many groups as may be")
	ErrGroupNotFound          = errors.New("the group does not exist")
	ErrNonEmptyGroup          = errors.New("the group is not empty")
	ErrGroupSubscribedToTopic = errors.New("the group is subscribed to the topic")
	ErrOffsetMetadataTooLarge = errors.New("the metadata of the offset is too large")
	ErrUnstableOffset         = errors.New("the offset belongs to an open transaction")
	ErrFencedMemberEpoch      = errors.New("the member must give up all its partitions and join again")
	ErrStaleMemberEpoch       = errors.New("the member epoch is not the current one")
	ErrUnreleasedInstance     = errors.New("another member still has the group instance id")
	ErrUnsupportedAssignor    = errors.New("the assignor is not supported")
	ErrInvalidRegex           = errors.New("the regular expression is not valid")
	ErrInvalidTopology        = errors.New("the topology is not valid")
	ErrOtherKind              = errors.New("the group is of a kind that has no committed offsets")
	ErrOldVersion             = errors.New("the request is of a version that the member must not use")
)

// Refusal is an error with a text for the client that sent the request. errors.Is finds the error.
type Refusal struct {
	Err  error
	Text string
}

// Error is the text.
func (r *Refusal) Error() string { return r.Text }

// Unwrap gives the error.
func (r *Refusal) Unwrap() error { return r.Err }

func refuse(err error, format string, args ...any) error {
	return &Refusal{err, fmt.Sprintf(format, args...)}
}

// MemberIDRequiredError answers the first join of a dynamic member: it must join again with this id
// (KIP-394). errors.Is(err, ErrMemberIDRequired) holds.
type MemberIDRequiredError struct{ MemberID string }

// Error says what to do.
func (e *MemberIDRequiredError) Error() string {
	return fmt.Sprintf("%v %s", ErrMemberIDRequired, e.MemberID)
}

// Is makes it an ErrMemberIDRequired.
func (e *MemberIDRequiredError) Is(target error) bool { return target == ErrMemberIDRequired }
