package protocol

// ProduceRequest is a decoded Produce request, v3 to v13. Strings are copies;
// Records alias the frame.
type ProduceRequest struct {
	TransactionalID *string
	Acks            int16 // -1 all, 0 no answer, 1 the leader
	TimeoutMs       int32
	Topics          []ProduceTopic
}

// ProduceTopic is one topic of a Produce request.
type ProduceTopic struct {
	Name       string   // up to v12
	ID         [16]byte // from v13
	Partitions []ProducePartition
}

// ProducePartition is one partition's batch.
type ProducePartition struct {
	Index   int32
	Records []byte // aliases the frame; nil for null
}

// DecodeProduce checks body strictly and decodes it into r, reusing r's slices.
func DecodeProduce(version int16, body []byte, r *ProduceRequest) error { panic("unwritten") }
