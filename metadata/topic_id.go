package metadata

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// TopicID is a topic's UUID (KIP-516). A topic that is deleted and created anew under the same name has
// a new one, so it, not the name, appears in directory names and keys.
type TopicID [16]byte

// ErrBadTopicID says that a text is not a topic id.
var ErrBadTopicID = errors.New("not a topic id")

// topicIDLen is the length of an id as text: 16 bytes in unpadded base64.
const topicIDLen = 22

// NewTopicID draws a random (version 4) UUID whose text does not begin with '-', as Kafka's
// Uuid.randomUuid does, so that an id can stand as a command-line argument or begin a file name.
func NewTopicID() TopicID {
	for {
		var id TopicID
		_, _ = rand.Read(id[:]) // never fails: crypto/rand aborts the program instead
		id[6] = id[6]&0x0f | 0x40
		id[8] = id[8]&0x3f | 0x80
		if id.String()[0] != '-' {
			return id
		}
	}
}

// ParseTopicID reads an id written by TopicID.String. It accepts that form only, so that equal ids have
// equal texts.
func ParseTopicID(s string) (TopicID, error) {
	var id TopicID
	if len(s) != topicIDLen {
		return id, fmt.Errorf("%w: %q has %d characters, want %d", ErrBadTopicID, s, len(s), topicIDLen)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return id, fmt.Errorf("%w: %q: %w", ErrBadTopicID, s, err)
	}
	copy(id[:], raw)
	return id, nil
}

// String is the id in Kafka's text form: URL-safe base64 without padding.
func (id TopicID) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// IsZero reports whether the id is the all-zero one, which on the wire means "none".
func (id TopicID) IsZero() bool { return id == TopicID{} }

// PartitionID names one partition of one incarnation of a topic.
type PartitionID struct {
	Topic TopicID
	Index int32
}

// String is "<topic id>-<index>", which is also the name of the partition's directory.
func (p PartitionID) String() string { return p.Topic.String() + "-" + strconv.Itoa(int(p.Index)) }

// ParsePartitionID reads a text written by PartitionID.String. The topic id may itself hold '-'.
func ParsePartitionID(s string) (PartitionID, error) {
	cut := strings.LastIndexByte(s, '-')
	if cut != topicIDLen {
		return PartitionID{}, fmt.Errorf("%w: %q is not <topic id>-<partition>", ErrBadTopicID, s)
	}
	id, err := ParseTopicID(s[:cut])
	if err != nil {
		return PartitionID{}, err
	}
	n, err := strconv.ParseInt(s[cut+1:], 10, 32)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s[cut+1:] {
		return PartitionID{}, fmt.Errorf("%w: partition number in %q", ErrBadTopicID, s)
	}
	return PartitionID{Topic: id, Index: int32(n)}, nil
}
