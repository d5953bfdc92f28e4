package protocol

import (
	"fmt"
	"math"
)

// FetchRequest is a decoded Fetch request, v4 to v18. Strings are copies.
type FetchRequest struct {
	ClusterID       *string // v12+, tagged
	ReplicaID       int32   // -1 for a consumer; tagged from v15 on
	ReplicaEpoch    int64   // v15+, tagged
	MaxWaitMs       int32
	MinBytes        int32
	MaxBytes        int32
	IsolationLevel  int8  // 0 read_uncommitted, 1 read_committed
	SessionID       int32 // v7+
	SessionEpoch    int32 // v7+; -1 without a session (and before v7), 0 opens one
	Topics          []FetchTopic
	ForgottenTopics []ForgottenTopic // v7+
	RackID          string           // v11+
}

// FetchTopic is one topic to fetch from.
type FetchTopic struct {
	Name       string   // up to v12
	ID         [16]byte // from v13
	Partitions []FetchPartition
}

// FetchPartition is one partition to fetch from.
type FetchPartition struct {
	Index              int32
	CurrentLeaderEpoch int32 // v9+; -1 when not known
	FetchOffset        int64
	LastFetchedEpoch   int32 // v12+; -1 when not known
	LogStartOffset     int64 // v5+; -1 from consumers
	MaxBytes           int32
	ReplicaDirectoryID [16]byte // v17+, tagged
	HighWatermark      int64    // v18+, tagged; max int64 when absent
}

// ForgottenTopic is a topic whose partitions leave the fetch session.
type ForgottenTopic struct {
	Name       string   // v7 to v12
	ID         [16]byte // from v13
	Partitions []int32
}

// Versions at which the layout of Fetch changes.
const (
	keyFetch              = 1
	fetchMin              = 4
	fetchMax              = 18
	fetchLogStartOffset   = 5
	fetchSession          = 7
	fetchLeaderEpoch      = 9
	fetchRack             = 11
	fetchFlexible         = 12
	fetchTopicID          = 13
	fetchReplicaState     = 15
	fetchNodeEndpoints    = 16
	fetchLeastPartition   = 16 // index, offset and maximum, in every version
	noReplica             = -1
	noEpoch               = -1
	noSession             = -1
	noOffset              = -1
	unknownHighWatermark  = math.MaxInt64
	tagFetchClusterID     = 0
	tagFetchReplicaState  = 1
	tagPartitionDirectory = 0
	tagPartitionWatermark = 1
)

// DecodeFetch checks body as strictly as [Check] and decodes it into r. The
// slices r has are used again, so one r per connection makes decoding free of
// allocations; what r held before is gone.
func DecodeFetch(version int16, body []byte, r *FetchRequest) error {
	if version < fetchMin || version > fetchMax {
		return fmt.Errorf("decode Fetch request: version %d: %w", version, ErrUnsupportedVersion)
	}
	d := newDecoder(keyFetch, version, body)
	*r = FetchRequest{ClusterID: r.ClusterID, ReplicaID: noReplica, ReplicaEpoch: noEpoch,
		SessionEpoch: noSession, Topics: r.Topics, ForgottenTopics: r.ForgottenTopics, RackID: r.RackID}
	if version < fetchReplicaState {
		r.ReplicaID = d.int32()
	}
	r.MaxWaitMs = d.int32()
	r.MinBytes = d.int32()
	r.MaxBytes = d.int32()
	r.IsolationLevel = d.int8()
	if version >= fetchSession {
		r.SessionID = d.int32()
		r.SessionEpoch = d.int32()
	}
	r.Topics = resize(r.Topics, d.elements(d.leastTopic(fetchTopicID)))
	for i := range r.Topics {
		d.fetchTopic(&r.Topics[i])
		if d.failed() {
			break
		}
	}
	d.fetchRest(r)
	if d.failed() {
		r.Topics, r.ForgottenTopics = r.Topics[:0], r.ForgottenTopics[:0]
		return fmt.Errorf("decode Fetch v%d request: %w", version, d.err)
	}
	return nil
}

// fetchRest reads what follows the topics.
func (d *decoder) fetchRest(r *FetchRequest) {
	r.ForgottenTopics = r.ForgottenTopics[:0]
	if d.version >= fetchSession {
		r.ForgottenTopics = resize(r.ForgottenTopics, d.elements(d.leastTopic(fetchTopicID)))
		for i := range r.ForgottenTopics {
			d.forgottenTopic(&r.ForgottenTopics[i])
			if d.failed() {
				return
			}
		}
	}
	if d.version >= fetchRack {
		d.text(&r.RackID)
	} else {
		r.RackID = ""
	}
	clusterID := false
	d.eachTag(func(tag int) {
		switch {
		case tag == tagFetchClusterID:
			clusterID = true
			d.maybeText(&r.ClusterID)
		case tag == tagFetchReplicaState && d.version >= fetchReplicaState:
			r.ReplicaID = d.int32()
			r.ReplicaEpoch = d.int64()
			d.noTags()
		}
	})
	if !clusterID {
		r.ClusterID = nil
	}
}

// topicName reads how Fetch names a topic.
func (d *decoder) topicName(name *string, id *[16]byte) {
	if d.version >= fetchTopicID {
		*name, *id = "", d.uuid()
		return
	}
	d.text(name)
	*id = [16]byte{}
}

func (d *decoder) fetchTopic(t *FetchTopic) {
	d.topicName(&t.Name, &t.ID)
	t.Partitions = resize(t.Partitions, d.elements(fetchLeastPartition))
	for i := range t.Partitions {
		d.fetchPartition(&t.Partitions[i])
		if d.failed() {
			return
		}
	}
	d.noTags()
}

func (d *decoder) fetchPartition(p *FetchPartition) {
	*p = FetchPartition{Index: d.int32(), CurrentLeaderEpoch: noEpoch, LastFetchedEpoch: noEpoch,
		LogStartOffset: noOffset, HighWatermark: unknownHighWatermark}
	if d.version >= fetchLeaderEpoch {
		p.CurrentLeaderEpoch = d.int32()
	}
	p.FetchOffset = d.int64()
	if d.version >= fetchFlexible {
		p.LastFetchedEpoch = d.int32()
	}
	if d.version >= fetchLogStartOffset {
		p.LogStartOffset = d.int64()
	}
	p.MaxBytes = d.int32()
	d.eachTag(func(tag int) {
		switch {
		case tag == tagPartitionDirectory && d.version >= 17:
			p.ReplicaDirectoryID = d.uuid()
		case tag == tagPartitionWatermark && d.version >= 18:
			p.HighWatermark = d.int64()
		}
	})
}

func (d *decoder) forgottenTopic(t *ForgottenTopic) {
	d.topicName(&t.Name, &t.ID)
	t.Partitions = resize(t.Partitions, d.elements(4))
	for i := range t.Partitions {
		t.Partitions[i] = d.int32()
	}
	d.noTags()
}
