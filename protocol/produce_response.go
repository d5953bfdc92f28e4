package protocol

// ProduceResponse is a Produce answer, v3 to v13.
type ProduceResponse struct {
	Topics        []ProduceTopicResponse
	ThrottleMs    int32
	NodeEndpoints []NodeEndpoint // v10+, tagged: leaders named in CurrentLeader
}

// ProduceTopicResponse is one topic of a Produce answer.
type ProduceTopicResponse struct {
	Name       string   // up to v12
	ID         [16]byte // from v13
	Partitions []ProducePartitionResponse
}

// ProducePartitionResponse is one partition of a Produce answer.
type ProducePartitionResponse struct {
	Index           int32
	ErrorCode       int16
	BaseOffset      int64               // -1 with an error
	LogAppendTimeMs int64               // -1 with CreateTime
	LogStartOffset  int64               // v5+; -1 with an error
	RecordErrors    []RecordErrorDetail // v8+
	ErrorMessage    *string             // v8+
	CurrentLeader   *LeaderIDAndEpoch   // v10+, tagged; nil to leave it out
}

// RecordErrorDetail names a record that failed the batch (KIP-467).
type RecordErrorDetail struct {
	BatchIndex int32
	Message    *string
}

// LeaderIDAndEpoch tells a client where a partition is led now (KIP-951).
type LeaderIDAndEpoch struct {
	LeaderID, LeaderEpoch int32
}

// NodeEndpoint is the address of a broker named in a CurrentLeader (KIP-951).
type NodeEndpoint struct {
	NodeID int32
	Host   string
	Port   int32
	Rack   *string
}

// AppendProduceResponse appends the answer's body in the given version, which
// is one that [DecodeProduce] takes.
func AppendProduceResponse(dst []byte, version int16, r *ProduceResponse) []byte {
	e := encoder{b: dst, version: version, flexible: version >= produceFlexible}
	e.arrayLen(len(r.Topics))
	for i := range r.Topics {
		t := &r.Topics[i]
		e.name(t.Name, &t.ID, version >= produceTopicID)
		e.arrayLen(len(t.Partitions))
		for j := range t.Partitions {
			e.producePartition(&t.Partitions[j])
		}
		e.noTags()
	}
	e.int32(r.ThrottleMs)
	if version >= produceCurrentLeader && len(r.NodeEndpoints) > 0 {
		e.tagCount(1)
		e.nodeEndpoints(r.NodeEndpoints)
	} else {
		e.noTags()
	}
	return e.b
}

func (e *encoder) producePartition(p *ProducePartitionResponse) {
	e.int32(p.Index)
	e.int16(p.ErrorCode)
	e.int64(p.BaseOffset)
	e.int64(p.LogAppendTimeMs)
	if e.version >= produceLogStartOffset {
		e.int64(p.LogStartOffset)
	}
	if e.version >= produceRecordErrors {
		e.arrayLen(len(p.RecordErrors))
		for i := range p.RecordErrors {
			e.int32(p.RecordErrors[i].BatchIndex)
			e.maybeText(p.RecordErrors[i].Message)
			e.noTags()
		}
		e.maybeText(p.ErrorMessage)
	}
	if e.version >= produceCurrentLeader && p.CurrentLeader != nil {
		e.tagCount(1)
		e.currentLeader(0, p.CurrentLeader)
		return
	}
	e.noTags()
}
