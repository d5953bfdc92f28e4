package protocol

import "encoding/binary"

// encoder appends one message to b.
type encoder struct {
	b        []byte
	version  int16
	flexible bool
}

func (e *encoder) int16(v int16)    { e.b = binary.BigEndian.AppendUint16(e.b, uint16(v)) }
func (e *encoder) int32(v int32)    { e.b = binary.BigEndian.AppendUint32(e.b, uint32(v)) }
func (e *encoder) int64(v int64)    { e.b = binary.BigEndian.AppendUint64(e.b, uint64(v)) }
func (e *encoder) uuid(v *[16]byte) { e.b = append(e.b, v[:]...) }
func (e *encoder) uvarint(v int)    { e.b = binary.AppendUvarint(e.b, uint64(v)) }
func (e *encoder) compactLen(n int) { e.uvarint(n + 1) }
func (e *encoder) taggedSize(n int) { e.uvarint(n) }
func (e *encoder) noTags()          { e.tagCount(0) }
func (e *encoder) arrayLen(n int)   { e.length(4, n) }
func (e *encoder) text(s string)    { e.length(2, len(s)); e.b = append(e.b, s...) }
func (e *encoder) recordsLen(n int) { e.length(4, n) }
func (e *encoder) name(s string, id *[16]byte, byID bool) {
	if byID {
		e.uuid(id)
		return
	}
	e.text(s)
}

// maybeText writes a string that may be null.
func (e *encoder) maybeText(s *string) {
	if s == nil {
		e.length(2, -1)
		return
	}
	e.text(*s)
}

// length writes a length or count; -1 is null.
func (e *encoder) length(fixed, n int) {
	switch {
	case e.flexible:
		e.compactLen(n)
	case fixed == 2:
		e.int16(int16(n))
	default:
		e.int32(int32(n))
	}
}

// tagCount starts the tagged fields of a struct, in versions that have them.
func (e *encoder) tagCount(n int) {
	if e.flexible {
		e.uvarint(n)
	}
}

// Lengths in bytes of tagged structs, with their own count of tagged fields.
const (
	leaderSize   = 9
	epochEndSize = 13
)

// currentLeader writes a tagged LeaderIdAndEpoch (KIP-951).
func (e *encoder) currentLeader(tag int, l *LeaderIDAndEpoch) {
	e.uvarint(tag)
	e.taggedSize(leaderSize)
	e.int32(l.LeaderID)
	e.int32(l.LeaderEpoch)
	e.noTags()
}

// nodeEndpoints writes the tagged array of NodeEndpoint, tag 0 (KIP-951).
func (e *encoder) nodeEndpoints(nodes []NodeEndpoint) {
	e.uvarint(0)
	start := len(e.b)
	e.nodes(nodes)
	e.insertSize(start)
}

func (e *encoder) nodes(nodes []NodeEndpoint) {
	e.arrayLen(len(nodes))
	for i := range nodes {
		n := &nodes[i]
		e.int32(n.NodeID)
		e.text(n.Host)
		e.int32(n.Port)
		e.maybeText(n.Rack)
		e.noTags()
	}
}

// insertSize puts the length of what was written since start before it.
func (e *encoder) insertSize(start int) {
	var size [binary.MaxVarintLen32]byte
	n := binary.PutUvarint(size[:], uint64(len(e.b)-start))
	e.b = append(e.b, size[:n]...)
	copy(e.b[start+n:], e.b[start:len(e.b)-n])
	copy(e.b[start:], size[:n])
}
