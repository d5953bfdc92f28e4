package protocol

import "fmt"

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

// Versions at which the layout of Produce changes.
const (
	keyProduce             = 0
	produceMin             = 3
	produceMax             = 13
	produceLogStartOffset  = 5
	produceRecordErrors    = 8
	produceFlexible        = 9
	produceCurrentLeader   = 10
	produceTopicID         = 13
	produceLeastPartition  = 8 // index and length of records, fixed encoding
	produceLeastCompactLen = 6 // index, length of records, tags
)

// DecodeProduce checks body as strictly as [Check] and decodes it into r. The
// slices r has are used again, so one r per connection makes decoding free of
// allocations; what r held before is gone.
func DecodeProduce(version int16, body []byte, r *ProduceRequest) error {
	if version < produceMin || version > produceMax {
		return fmt.Errorf("decode Produce request: version %d: %w", version, ErrUnsupportedVersion)
	}
	d := newDecoder(keyProduce, version, body)
	d.maybeText(&r.TransactionalID)
	r.Acks = d.int16()
	r.TimeoutMs = d.int32()
	r.Topics = resize(r.Topics, d.elements(d.leastTopic(produceTopicID)))
	for i := range r.Topics {
		d.produceTopic(&r.Topics[i])
		if d.failed() {
			break
		}
	}
	d.noTags()
	if d.failed() {
		r.Topics = r.Topics[:0]
		return fmt.Errorf("decode Produce v%d request: %w", version, d.err)
	}
	return nil
}

// leastTopic is the length of the smallest topic: a name, or from version
// topicID on an id, and an array of nothing.
func (d *decoder) leastTopic(topicID int16) int {
	n := d.lengthSize(2) + d.lengthSize(4)
	if d.version >= topicID {
		n = 16 + d.lengthSize(4)
	}
	if d.flexible {
		n++
	}
	return n
}

func (d *decoder) produceTopic(t *ProduceTopic) {
	if d.version >= produceTopicID {
		t.Name, t.ID = "", d.uuid()
	} else {
		d.text(&t.Name)
		t.ID = [16]byte{}
	}
	least := produceLeastPartition
	if d.flexible {
		least = produceLeastCompactLen
	}
	t.Partitions = resize(t.Partitions, d.elements(least))
	for i := range t.Partitions {
		p := &t.Partitions[i]
		p.Index = d.int32()
		p.Records = d.sized(4, maxField, true)
		d.noTags()
		if d.failed() {
			return
		}
	}
	d.noTags()
}
