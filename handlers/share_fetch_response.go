package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/metadata"
	"weir/share"
)

// respond makes the answer of a ShareFetch and returns about how long it will be.
func (f *shareFetch) respond() (size int) {
	image := f.h.Cluster.Image()
	f.topics, f.places = make(map[metadata.TopicID]int), make(map[metadata.PartitionID]int)
	f.told.AcquisitionLockTimeoutMillis = f.h.lockTimeoutMillis(f.key.group)
	for _, list := range [][]share.Fetched{f.fetched, f.failed} {
		for i := range list {
			r := &list[i]
			told := f.session.mustTell(r.ID, len(r.Acquired) > 0, r.Err != nil)
			if told || f.request.ShareSessionEpoch == initialEpoch {
				f.tell(image, r)
				size += len(r.Records) + len(r.Acquired)*sizeOfAcquired + sizeOfShared
			}
		}
	}
	for _, a := range f.acks.results() {
		p := f.partition(a.id)
		p.AcknowledgeErrorCode, p.AcknowledgeErrorMessage = f.h.code(a.err), a.text
		size += sizeOfShared
	}
	return size
}

// sizeOfAcquired is the encoded size of an acquired batch, sizeOfShared about that of the rest of a partition.
const (
	sizeOfAcquired = 19
	sizeOfShared   = 64
)

// tell adds what was acquired of one partition, or why nothing was.
func (f *shareFetch) tell(image *metadata.Image, r *share.Fetched) {
	p := f.partition(r.ID)
	if r.Err != nil {
		p.ErrorCode = f.h.code(r.Err)
		if leader, moved := f.h.movedLeader(f.c, image, r.ID, p.ErrorCode); moved {
			p.CurrentLeader.LeaderID, p.CurrentLeader.LeaderEpoch = leader.id, leader.epoch
			f.addNode(leader)
		}
		return
	}
	if r.Records != nil {
		p.Records = r.Records
	}
	for _, a := range r.Acquired {
		acquired := kmsg.NewShareFetchResponseTopicPartitionAcquiredRecord()
		acquired.FirstOffset, acquired.LastOffset, acquired.DeliveryCount = a.First, a.Last, a.DeliveryCount
		p.AcquiredRecords = append(p.AcquiredRecords, acquired)
	}
}

// partition is the place of a partition in the answer.
func (f *shareFetch) partition(id metadata.PartitionID) *kmsg.ShareFetchResponseTopicPartition {
	at, known := f.topics[id.Topic]
	if !known {
		at = len(f.told.Topics)
		topic := kmsg.NewShareFetchResponseTopic()
		topic.TopicID = id.Topic
		f.topics[id.Topic], f.told.Topics = at, append(f.told.Topics, topic)
	}
	topic := &f.told.Topics[at]
	place, known := f.places[id]
	if !known {
		place = len(topic.Partitions)
		p := kmsg.NewShareFetchResponseTopicPartition()
		p.Partition, p.Records = id.Index, []byte{}
		f.places[id], topic.Partitions = place, append(topic.Partitions, p)
	}
	return &topic.Partitions[place]
}

func (f *shareFetch) addNode(leader leaderHint) {
	if !leader.known {
		return
	}
	for i := range f.told.NodeEndpoints {
		if f.told.NodeEndpoints[i].NodeID == leader.id {
			return
		}
	}
	node := kmsg.NewShareFetchResponseNodeEndpoint()
	node.NodeID, node.Host, node.Port, node.Rack = leader.id, leader.host, leader.port, orNull(leader.rack)
	f.told.NodeEndpoints = append(f.told.NodeEndpoints, node)
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
