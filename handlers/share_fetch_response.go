package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"

	"weir/metadata"
	"weir/protocol"
	"weir/share"
)

// shareResponse is the answer of a ShareFetch while it is made.
type shareResponse struct {
	protocol.ShareFetchResponse
	topics map[metadata.TopicID]int     // into Topics
	places map[metadata.PartitionID]int // into the topic's Partitions
}

// respond makes the answer of a ShareFetch that has not failed as a whole.
func (f *shareFetch) respond() *protocol.ShareFetchResponse {
	image := f.h.Cluster.Image()
	told := shareResponse{topics: make(map[metadata.TopicID]int), places: make(map[metadata.PartitionID]int)}
	told.LockTimeoutMs = f.h.lockTimeoutMillis(f.key.group)
	for _, list := range [][]share.Fetched{f.fetched, f.failed} {
		for i := range list {
			r := &list[i]
			if f.request.ShareSessionEpoch == initialEpoch || f.session.mustTell(r.ID, len(r.Acquired) > 0, r.Err != nil) {
				f.tell(image, &told, r)
			}
		}
	}
	for _, a := range f.acks.results() {
		p := told.partition(a.id)
		p.AcknowledgeCode, p.AcknowledgeMessage = f.h.code(a.err), a.text
	}
	return &told.ShareFetchResponse
}

// tell adds what was acquired of one partition, or why nothing was.
func (f *shareFetch) tell(image *metadata.Image, told *shareResponse, r *share.Fetched) {
	p := told.partition(r.ID)
	if r.Err != nil {
		p.ErrorCode = f.h.code(r.Err)
		if leader, moved := f.h.movedLeader(f.c, image, r.ID, p.ErrorCode); moved {
			p.CurrentLeader = protocol.LeaderIDAndEpoch{LeaderID: leader.id, LeaderEpoch: leader.epoch}
			told.NodeEndpoints = addNode(told.NodeEndpoints, leader)
		}
		return
	}
	for _, s := range r.Records.Slices {
		p.Records = append(p.Records, s)
	}
	for _, a := range r.Acquired {
		p.Acquired = append(p.Acquired, protocol.AcquiredRecords{FirstOffset: a.First, LastOffset: a.Last, DeliveryCount: a.DeliveryCount})
	}
}

// partition is the place of a partition in the answer.
func (r *shareResponse) partition(id metadata.PartitionID) *protocol.ShareFetchPartitionResponse {
	at, known := r.topics[id.Topic]
	if !known {
		at = len(r.Topics)
		r.topics[id.Topic], r.Topics = at, append(r.Topics, protocol.ShareFetchTopicResponse{ID: id.Topic})
	}
	topic := &r.Topics[at]
	place, known := r.places[id]
	if !known {
		place = len(topic.Partitions)
		r.places[id], topic.Partitions = place, append(topic.Partitions, protocol.ShareFetchPartitionResponse{Index: id.Index})
	}
	return &topic.Partitions[place]
}

// movedLeader is where a partition is led, for the errors that a move of the leader causes (KIP-951).
func (h *Handlers) movedLeader(c *Conn, image *metadata.Image, id metadata.PartitionID, code int16) (leaderHint, bool) {
	if code != kerr.NotLeaderForPartition.Code && code != kerr.FencedLeaderEpoch.Code {
		return leaderHint{}, false
	}
	p, ok := image.Partition(id)
	if !ok {
		return leaderHint{}, false
	}
	return h.leaderOf(c, image, p), true
}
