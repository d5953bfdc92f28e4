package protocol

// FetchResponse is a Fetch answer, v4 to v18.
type FetchResponse struct {
	ThrottleMs    int32
	ErrorCode     int16 // v7+
	SessionID     int32 // v7+
	Topics        []FetchTopicResponse
	NodeEndpoints []NodeEndpoint // v16+, tagged: leaders named in CurrentLeader
}

// FetchTopicResponse is one topic of a Fetch answer.
type FetchTopicResponse struct {
	Name       string   // up to v12
	ID         [16]byte // from v13
	Partitions []FetchPartitionResponse
}

// FetchPartitionResponse is one partition of a Fetch answer.
type FetchPartitionResponse struct {
	Index                int32
	ErrorCode            int16
	HighWatermark        int64
	LastStableOffset     int64
	LogStartOffset       int64                // v5+
	Diverging            *EpochEndOffset      // v12+, tagged; nil to leave it out
	CurrentLeader        *LeaderIDAndEpoch    // v12+, tagged; nil to leave it out
	Aborted              []AbortedTransaction // nil is null, as read_uncommitted has it
	PreferredReadReplica int32                // v11+; -1 for none
	Records              []Sender             // batches, in order; none is an empty record set
}

// EpochEndOffset is where the largest common epoch of two logs ends.
type EpochEndOffset struct {
	Epoch     int32
	EndOffset int64
}

// AbortedTransaction is an aborted transaction that overlaps the answer.
type AbortedTransaction struct {
	ProducerID, FirstOffset int64
}

// AppendFetchResponse appends the answer's body in the given version, which is
// one that [DecodeFetch] takes, to dst and returns all of it in parts: bytes,
// and the records between them, which are neither read nor copied. What dst
// holds already begins the first part.
//
// The parts of bytes lie in dst's array, or in larger ones when that is too
// small. Senders are not released here.
func AppendFetchResponse(dst []byte, version int16, r *FetchResponse) []Part {
	e := partsEncoder{encoder: encoder{b: dst, version: version, flexible: version >= fetchFlexible}}
	e.parts = make([]Part, 0, r.mostParts())
	e.int32(r.ThrottleMs)
	if version >= fetchSession {
		e.int16(r.ErrorCode)
		e.int32(r.SessionID)
	}
	e.arrayLen(len(r.Topics))
	for i := range r.Topics {
		t := &r.Topics[i]
		e.name(t.Name, &t.ID, version >= fetchTopicID)
		e.arrayLen(len(t.Partitions))
		for j := range t.Partitions {
			e.partition(&t.Partitions[j])
		}
		e.noTags()
	}
	if version >= fetchNodeEndpoints && len(r.NodeEndpoints) > 0 {
		e.tagCount(1)
		e.nodeEndpoints(r.NodeEndpoints)
	} else {
		e.noTags()
	}
	e.cut()
	return e.parts
}

// mostParts is how many parts the answer has at most: each partition's records
// with the bytes before them, and the bytes behind all.
func (r *FetchResponse) mostParts() int {
	n := 1
	for i := range r.Topics {
		for j := range r.Topics[i].Partitions {
			if records := len(r.Topics[i].Partitions[j].Records); records > 0 {
				n += records + 1
			}
		}
	}
	return n
}

func (e *partsEncoder) partition(p *FetchPartitionResponse) {
	e.int32(p.Index)
	e.int16(p.ErrorCode)
	e.int64(p.HighWatermark)
	e.int64(p.LastStableOffset)
	if e.version >= fetchLogStartOffset {
		e.int64(p.LogStartOffset)
	}
	if p.Aborted == nil {
		e.arrayLen(-1)
	} else {
		e.arrayLen(len(p.Aborted))
		for i := range p.Aborted {
			e.int64(p.Aborted[i].ProducerID)
			e.int64(p.Aborted[i].FirstOffset)
			e.noTags()
		}
	}
	if e.version >= fetchRack {
		e.int32(p.PreferredReadReplica)
	}
	e.records(p.Records)
	e.partitionTags(p)
}

// partitionTags writes tag 0, the diverging epoch, and 1, the current leader.
func (e *partsEncoder) partitionTags(p *FetchPartitionResponse) {
	if !e.flexible {
		return
	}
	n := 0
	if p.Diverging != nil {
		n++
	}
	if p.CurrentLeader != nil {
		n++
	}
	e.tagCount(n)
	if p.Diverging != nil {
		e.uvarint(0)
		e.taggedSize(epochEndSize)
		e.int32(p.Diverging.Epoch)
		e.int64(p.Diverging.EndOffset)
		e.noTags()
	}
	if p.CurrentLeader != nil {
		e.currentLeader(1, p.CurrentLeader)
	}
}
