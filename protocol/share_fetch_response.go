package protocol

// ShareFetchResponse is a ShareFetch answer (KIP-932), v1 and v2.
type ShareFetchResponse struct {
	ThrottleMs    int32
	ErrorCode     int16
	LockTimeoutMs int32 // for how long what is acquired is held
	Topics        []ShareFetchTopicResponse
	NodeEndpoints []NodeEndpoint // leaders named in CurrentLeader
	ErrorMessage  *string
}

// ShareFetchTopicResponse is one topic of a ShareFetch answer.
type ShareFetchTopicResponse struct {
	ID         [16]byte
	Partitions []ShareFetchPartitionResponse
}

// ShareFetchPartitionResponse is one partition of a ShareFetch answer.
type ShareFetchPartitionResponse struct {
	Index              int32
	ErrorCode          int16
	ErrorMessage       *string
	AcknowledgeCode    int16 // what became of the acknowledgements in the request
	AcknowledgeMessage *string
	CurrentLeader      LeaderIDAndEpoch
	Records            []Sender // batches, in order; none is an empty record set
	Acquired           []AcquiredRecords
}

// AcquiredRecords are neighbouring records that were delivered equally often.
type AcquiredRecords struct {
	FirstOffset, LastOffset int64
	DeliveryCount           int16
}

// AppendShareFetchResponse appends the answer's body to dst, in parts as [AppendFetchResponse] does. Its two versions are alike.
func AppendShareFetchResponse(dst []byte, version int16, r *ShareFetchResponse) []Part {
	e := partsEncoder{encoder: encoder{b: dst, version: version, flexible: true}}
	e.int32(r.ThrottleMs)
	e.int16(r.ErrorCode)
	e.maybeText(r.ErrorMessage)
	e.int32(r.LockTimeoutMs)
	e.arrayLen(len(r.Topics))
	for i := range r.Topics {
		t := &r.Topics[i]
		e.uuid(&t.ID)
		e.arrayLen(len(t.Partitions))
		for j := range t.Partitions {
			e.sharePartition(&t.Partitions[j])
		}
		e.noTags()
	}
	e.nodes(r.NodeEndpoints)
	e.noTags()
	e.cut()
	return e.parts
}

func (e *partsEncoder) sharePartition(p *ShareFetchPartitionResponse) {
	e.int32(p.Index)
	e.int16(p.ErrorCode)
	e.maybeText(p.ErrorMessage)
	e.int16(p.AcknowledgeCode)
	e.maybeText(p.AcknowledgeMessage)
	e.int32(p.CurrentLeader.LeaderID)
	e.int32(p.CurrentLeader.LeaderEpoch)
	e.noTags()
	e.records(p.Records)
	e.arrayLen(len(p.Acquired))
	for i := range p.Acquired {
		a := &p.Acquired[i]
		e.int64(a.FirstOffset)
		e.int64(a.LastOffset)
		e.int16(a.DeliveryCount)
		e.noTags()
	}
	e.noTags()
}
