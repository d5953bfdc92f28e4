package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/coordinator"
	"weir/metadata"
)

// ShareAcknowledge (key 79), v1-v2.
//
// Behavior:
//   - A member of a share group settles records that it has acquired (KIP-932): accepted, released, rejected, a gap where there
//     was no record, renewed. It is part of the member's share session, whose epoch it carries and raises; -1 ends the
//     session, and what the member still holds is available again.
//   - It cannot open a session: epoch 0 answers 123. No session answers 122.
//   - Acknowledgements are judged by partition as in ShareFetch, and durable when they are answered.
//
// Version notes: v2 renewal (KIP-1222).
func (h *Handlers) serveShareAcknowledge(c *Conn, _ *Request, version int16, req *kmsg.ShareAcknowledgeRequest) Answer {
	resp := req.ResponseKind().(*kmsg.ShareAcknowledgeResponse)
	key, err := h.shareMember(c, req.GroupID, req.MemberID)
	var session *shareSession
	if err == nil {
		session, err = h.acknowledgeIn(key, req.ShareSessionEpoch)
	}
	if err != nil {
		resp.ErrorCode = h.code(err)
		return Now(resp)
	}
	image := h.Cluster.Image()
	acks := h.acknowledge(c, image, key, acknowledgedBy(req), version >= 2, version >= 2 && req.IsRenewAck)
	if req.ShareSessionEpoch == finalEpoch {
		acks = h.endShareSession(session, acks)
	}
	resp.AcquisitionLockTimeoutMillis = h.lockTimeoutMillis(key.group)
	settled := coordinator.Gather(acks.futures, func([]*coordinator.Future[struct{}]) (struct{}, error) {
		return struct{}{}, nil
	})
	return Later(settled.Done(), func() kmsg.Response {
		for _, a := range acks.results() {
			h.tellAcknowledged(c, resp, a)
		}
		return resp
	})
}

// acknowledgeIn finds the session that a request acknowledges in (SharePartitionManager.acknowledgeSessionUpdate).
func (h *Handlers) acknowledgeIn(key shareKey, epoch int32) (*shareSession, error) {
	switch epoch {
	case initialEpoch:
		return nil, kerr.InvalidShareSessionEpoch
	case finalEpoch:
		return h.shares.find(key)
	}
	return h.shares.next(key, epoch, nil, nil)
}

func acknowledgedBy(req *kmsg.ShareAcknowledgeRequest) (parts []ackPart) {
	for i := range req.Topics {
		t := &req.Topics[i]
		for j := range t.Partitions {
			p := ackPart{id: metadata.PartitionID{Topic: t.TopicID, Index: t.Partitions[j].Partition}}
			for _, b := range t.Partitions[j].AcknowledgementBatches {
				p.batches = append(p.batches, ackBatch(b.FirstOffset, b.LastOffset, b.AcknowledgeTypes))
			}
			parts = append(parts, p)
		}
	}
	return parts
}

// tellAcknowledged adds what became of one partition's acknowledgements.
func (h *Handlers) tellAcknowledged(c *Conn, resp *kmsg.ShareAcknowledgeResponse, a ackResult) {
	p := kmsg.NewShareAcknowledgeResponseTopicPartition()
	p.Partition, p.ErrorCode, p.ErrorMessage = a.id.Index, h.code(a.err), a.text
	if leader, moved := h.movedLeader(c, h.Cluster.Image(), a.id, p.ErrorCode); moved {
		p.CurrentLeader.LeaderID, p.CurrentLeader.LeaderEpoch = leader.id, leader.epoch
		resp.NodeEndpoints = addShareNode(resp.NodeEndpoints, leader)
	}
	for i := range resp.Topics {
		if resp.Topics[i].TopicID == a.id.Topic {
			resp.Topics[i].Partitions = append(resp.Topics[i].Partitions, p)
			return
		}
	}
	topic := kmsg.NewShareAcknowledgeResponseTopic()
	topic.TopicID, topic.Partitions = a.id.Topic, append(topic.Partitions, p)
	resp.Topics = append(resp.Topics, topic)
}

func addShareNode(nodes []kmsg.ShareAcknowledgeResponseNodeEndpoint, leader leaderHint,
) []kmsg.ShareAcknowledgeResponseNodeEndpoint {
	if !leader.known {
		return nodes
	}
	for i := range nodes {
		if nodes[i].NodeID == leader.id {
			return nodes
		}
	}
	node := kmsg.NewShareAcknowledgeResponseNodeEndpoint()
	node.NodeID, node.Host, node.Port, node.Rack = leader.id, leader.host, leader.port, orNull(leader.rack)
	return append(nodes, node)
}
