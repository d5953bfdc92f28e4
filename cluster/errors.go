package cluster

import "errors"

// The kinds of refusal. Each error returned wraps one of them; its text is what Apache Kafka's controller
// answers, and goes to the client as it is. The kind's own name is not part of the text.
var (
	ErrTopicExists  = errors.New("topic already exists")
	ErrInvalidTopic = errors.New("invalid topic name")
	// ErrTopicCollision is an ErrInvalidTopic as well.
	ErrTopicCollision           = errors.New("topic name collides with an existing topic")
	ErrInvalidPartitions        = errors.New("invalid number of partitions")
	ErrInvalidReplicationFactor = errors.New("invalid replication factor")
	ErrInvalidAssignment        = errors.New("invalid replica assignment")
	ErrInvalidConfig            = errors.New("invalid configuration")
	ErrInvalidRequest           = errors.New("invalid request")
	ErrPolicyViolation          = errors.New("policy violation")
	ErrUnknownTopic             = errors.New("unknown topic or partition")
	ErrUnknownTopicID           = errors.New("unknown topic id")
	ErrInvalidFeatureLevel      = errors.New("invalid level of a feature")
	// ErrTimeout says that the deadline passed first. The change may be stored nevertheless.
	ErrTimeout = errors.New("request timed out")
)

// refusal is an error of one of the kinds above with the text for the client.
type refusal struct {
	kind error
	text string
}

func (r *refusal) Error() string {
	if r.text == "" {
		return r.kind.Error()
	}
	return r.text
}

func (r *refusal) Unwrap() error { return r.kind }

// Is makes a collision an invalid topic name as well, as it is in Kafka.
func (r *refusal) Is(target error) bool {
	return r.kind == ErrTopicCollision && target == ErrInvalidTopic
}

func refuse(kind error, text string) error { return &refusal{kind: kind, text: text} }

// ClientText is what Kafka sends along with the error's code; false when it sends the code alone.
func ClientText(err error) (string, bool) {
	var r *refusal
	if errors.As(err, &r) {
		return r.text, r.text != ""
	}
	return err.Error(), true
}
