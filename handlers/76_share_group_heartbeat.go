package handlers

import (
	"unicode/utf16"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/groups"
	"weir/metadata"
)

// memberIDMax is how many characters the id of a share group's member may have, as Java counts them (KafkaApis).
const memberIDMax = 36

// ShareGroupHeartbeat (key 76), v1.
//
// Behavior:
//   - All that members of a share group say (KIP-932): epoch 0 joins, -1 leaves. The client names the member. The broker
//     spreads members over partitions, several over one if there are more members than partitions; the answer holds what the
//     member is to take records from when that has changed, and when it says what it reads.
//   - Partitions come with a later heartbeat than the first, when it is stored that the group reads them.
//   - A member in another epoch answers 110, one that is not known 25, a group of another kind 69; each with a text.
//   - While share.version is at level 0 every heartbeat answers 35.
func (h *Handlers) serveShareGroupHeartbeat(c *Conn, r *Request, _ int16, req *kmsg.ShareGroupHeartbeatRequest) Answer {
	resp := req.ResponseKind().(*kmsg.ShareGroupHeartbeatResponse)
	if !h.finalized("share.version") {
		resp.ErrorCode = kerr.UnsupportedVersion.Code
		return Now(resp)
	}
	if !h.allowed(c, opRead, groupResource, req.GroupID) {
		resp.ErrorCode = kerr.GroupAuthorizationFailed.Code
		return Now(resp)
	}
	if !validMemberID(req.MemberID) {
		resp.ErrorCode = kerr.InvalidRequest.Code // without a text, as Kafka
		return Now(resp)
	}
	for _, name := range req.SubscribedTopicNames {
		if !h.allowed(c, opDescribe, topicResource, name) {
			resp.ErrorCode = kerr.TopicAuthorizationFailed.Code
			return Now(resp)
		}
	}
	beat := groups.ShareHeartbeatRequest{
		GroupID: req.GroupID, MemberID: req.MemberID, Epoch: req.MemberEpoch, RackID: req.RackID,
		ClientID: r.ClientID(), ClientHost: clientHost(c), Topics: req.SubscribedTopicNames,
	}
	return LaterFuture(h.Groups.ShareHeartbeat(beat), func(a groups.ShareHeartbeatResponse, err error) kmsg.Response {
		if err != nil {
			resp.ErrorCode, resp.ErrorMessage = h.code(err), groupMessage(err)
			return resp
		}
		if len(a.Initialize) > 0 {
			h.initializeShare(req.GroupID, a.Initialize)
		}
		resp.MemberID, resp.MemberEpoch, resp.HeartbeatIntervalMillis = &a.MemberID, a.Epoch, a.HeartbeatIntervalMs
		if a.Assigned {
			resp.Assignment = shareAssignment(a.Assignment)
		}
		return resp
	})
}

// validMemberID tells whether a member of a share group may be called that.
func validMemberID(id string) bool {
	return id != "" && len(utf16.Encode([]rune(id))) <= memberIDMax
}

// shareAssignment encodes a sorted list of partitions.
func shareAssignment(list []metadata.PartitionID) *kmsg.ShareGroupHeartbeatResponseAssignment {
	a := kmsg.NewShareGroupHeartbeatResponseAssignment()
	for _, p := range list {
		last := len(a.TopicPartitions) - 1
		if last < 0 || a.TopicPartitions[last].TopicID != p.Topic {
			topic := kmsg.NewShareGroupHeartbeatResponseAssignmentTopicPartition()
			topic.TopicID = p.Topic
			a.TopicPartitions = append(a.TopicPartitions, topic)
			last++
		}
		a.TopicPartitions[last].Partitions = append(a.TopicPartitions[last].Partitions, p.Index)
	}
	return &a
}
