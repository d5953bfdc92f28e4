package handlers

import (
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/cluster"
	"weir/metadata"
)

// DescribeTopicPartitions (key 75), v0.
//
// Behavior:
//   - Describes topics in the order of their names, each once; no topics mean all. At most
//     ResponsePartitionLimit partitions, or max.request.partition.size.limit, are described, and NextCursor
//     says where to go on.
//   - A cursor that is not in the list of topics, or has a negative partition, answers 42 at every topic.
func (h *Handlers) serveDescribeTopicPartitions(c *Conn, _ int16, req *kmsg.DescribeTopicPartitionsRequest,
) Answer {
	resp := req.ResponseKind().(*kmsg.DescribeTopicPartitionsResponse)
	image := h.Cluster.Image()
	names, ok := topicPage(image, req)
	if !ok {
		for _, t := range req.Topics {
			refused := kmsg.NewDescribeTopicPartitionsResponseTopic()
			refused.Topic, refused.ErrorCode = kmsg.StringPtr(t.Topic), kerr.InvalidRequest.Code
			refused.AuthorizedOperations = operationsNotAsked
			resp.Topics = append(resp.Topics, refused)
		}
		return Now(resp)
	}
	left := max(1, min(int(req.ResponsePartitionLimit), h.Settings().Int("max.request.partition.size.limit")))
	var denied []kmsg.DescribeTopicPartitionsResponseTopic
	for _, name := range names {
		if !h.allowed(c, opDescribe, topicResource, name) {
			refused := kmsg.NewDescribeTopicPartitionsResponseTopic()
			refused.Topic, refused.ErrorCode = &name, kerr.TopicAuthorizationFailed.Code
			denied = append(denied, refused)
			continue
		}
		first := 0
		if req.Cursor != nil && req.Cursor.Topic == name {
			first = int(req.Cursor.Partition)
		}
		if left == 0 {
			resp.NextCursor = nextCursor(name, 0)
			break
		}
		topic, cut := h.describePartitions(c, image, name, first, left)
		left -= len(topic.Partitions)
		resp.Topics = append(resp.Topics, topic)
		if cut >= 0 {
			resp.NextCursor = nextCursor(name, cut)
			break
		}
	}
	resp.Topics = append(resp.Topics, denied...)
	return Now(resp)
}

// topicPage is the sorted names from the cursor on; false when the cursor is wrong.
func topicPage(image *metadata.Image, req *kmsg.DescribeTopicPartitionsRequest) (names []string, ok bool) {
	from := ""
	if req.Cursor != nil {
		from = req.Cursor.Topic
	}
	for _, t := range req.Topics {
		names = append(names, t.Topic)
	}
	if len(req.Topics) == 0 {
		for _, t := range image.Topics() {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	first, found := slices.BinarySearchFunc(names, from, strings.Compare)
	if req.Cursor != nil && (!found && len(req.Topics) > 0 || req.Cursor.Partition < 0) {
		return nil, false
	}
	return names[first:], true
}

func nextCursor(topic string, partition int) *kmsg.DescribeTopicPartitionsResponseNextCursor {
	next := kmsg.NewDescribeTopicPartitionsResponseNextCursor()
	next.Topic, next.Partition = topic, int32(partition)
	return &next
}

// describePartitions describes at most limit partitions of a topic; cut is the first one left out, -1 for
// none.
func (h *Handlers) describePartitions(c *Conn, image *metadata.Image, name string, first, limit int,
) (t kmsg.DescribeTopicPartitionsResponseTopic, cut int) {
	t = kmsg.NewDescribeTopicPartitionsResponseTopic()
	t.Topic, t.AuthorizedOperations = &name, h.authorisedOperations(c, topicResource, name)
	topic := image.Topic(name)
	if topic == nil {
		t.ErrorCode = kerr.UnknownTopicOrPartition.Code
		if cluster.CheckName(name) != nil {
			t.ErrorCode = kerr.InvalidTopicException.Code
		}
		return t, -1
	}
	t.TopicID, t.IsInternal = topic.ID, topic.Internal
	end := len(topic.Partitions)
	first = min(first, end)
	cut = -1
	if end-first > limit {
		end = first + limit
		cut = end
	}
	for i := first; i < end; i++ {
		p := topic.Partitions[i]
		described := kmsg.NewDescribeTopicPartitionsResponseTopicPartition()
		described.Partition, described.LeaderID, described.LeaderEpoch = int32(i), p.Leader, p.LeaderEpoch
		described.Replicas, described.ISR = p.Replicas, p.ISR
		described.EligibleLeaderReplicas, described.LastKnownELR = []int32{}, []int32{}
		described.OfflineReplicas = offlineReplicas(image, p)
		if described.ErrorCode = h.leaderCode(c, 6, image, p); described.ErrorCode != 0 {
			described.LeaderID = -1
		}
		t.Partitions = append(t.Partitions, described)
	}
	return t, cut
}
