package handlers

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/groups"
	"weir/metadata"
	"weir/share"
)

// DescribeShareGroupOffsets (key 90), v0-v1.
//
// Behavior:
//   - Tells the first offset that a share group has not settled, of partitions named or of all that it has begun; -1 where
//     nobody has fetched, and of topics and partitions that do not exist. A group that does not exist has begun none.
//   - A group that is asked for with our own tagged field 10000 gets, with each partition, a field of that number: how many
//     records are available, of those unseen, in flight, delayed and given up without their dead letters yet, as int64.
//   - While share.version is at level 0 every group answers 35.
//
// Version notes: v1 tells the lag: the records from there to the end that are not settled (KIP-1226).
func (h *Handlers) serveDescribeShareGroupOffsets(c *Conn, _ int16, req *kmsg.DescribeShareGroupOffsetsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.DescribeShareGroupOffsetsResponse)
	return inBackground(func() kmsg.Response {
		for i := range req.Groups {
			resp.Groups = append(resp.Groups, h.describedShareOffsets(c, &req.Groups[i]))
		}
		return resp
	})
}

func (h *Handlers) describedShareOffsets(c *Conn, asked *kmsg.DescribeShareGroupOffsetsRequestGroup,
) kmsg.DescribeShareGroupOffsetsResponseGroup {
	group := kmsg.NewDescribeShareGroupOffsetsResponseGroup()
	group.GroupID = asked.GroupID
	switch {
	case !h.finalized("share.version"):
		group.ErrorCode = kerr.UnsupportedVersion.Code
		return group
	case !h.allowed(c, opDescribe, groupResource, asked.GroupID):
		group.ErrorCode = kerr.GroupAuthorizationFailed.Code
		return group
	}
	deep := false
	asked.UnknownTags.Each(func(tag uint32, _ []byte) { deep = deep || tag == share.DepthTag })
	image, topics := h.Cluster.Image(), asked.Topics
	if topics == nil {
		begun, err := h.Groups.SharePartitions(asked.GroupID).Result()
		if err != nil && !errors.Is(err, groups.ErrGroupNotFound) {
			group.ErrorCode, group.ErrorMessage = h.code(err), h.groupText(err)
			return group
		}
		topics = visible(image, begun, func(name string) bool { return h.allowed(c, opDescribe, topicResource, name) })
	}
	for _, t := range topics {
		topic := kmsg.NewDescribeShareGroupOffsetsResponseGroupTopic()
		topic.Topic = t.Topic
		found, allowed := image.Topic(t.Topic), h.allowed(c, opDescribe, topicResource, t.Topic)
		if found != nil && allowed {
			topic.TopicID = found.ID
		}
		for _, index := range t.Partitions {
			p := kmsg.NewDescribeShareGroupOffsetsResponseGroupTopicPartition()
			p.Partition, p.StartOffset = index, -1
			switch {
			case !allowed:
				p.ErrorCode = kerr.TopicAuthorizationFailed.Code
			case found != nil && index >= 0 && int(index) < len(found.Partitions):
				id := metadata.PartitionID{Topic: found.ID, Index: index}
				o, end, err := h.shareOffsets(asked.GroupID, id)
				p.StartOffset, p.LeaderEpoch, p.Lag, p.ErrorCode = o.Start, o.LeaderEpoch, o.Lag(end), h.code(err)
				if deep && o.Start >= 0 {
					depth := o.Depth(end)
					p.UnknownTags.Set(share.DepthTag, depth.Append(nil))
				}
			}
			topic.Partitions = append(topic.Partitions, p)
		}
		group.Topics = append(group.Topics, topic)
	}
	return group
}

// visible names the topics of a sorted list of partitions that are there and may be seen.
func visible(image *metadata.Image, list []metadata.PartitionID, allowed func(topic string) bool,
) (all []kmsg.DescribeShareGroupOffsetsRequestGroupTopic) {
	for _, p := range list {
		topic := image.TopicByID(p.Topic)
		if topic == nil || !allowed(topic.Name) {
			continue
		}
		if last := len(all) - 1; last < 0 || all[last].Topic != topic.Name {
			all = append(all, kmsg.DescribeShareGroupOffsetsRequestGroupTopic{Topic: topic.Name})
		}
		last := &all[len(all)-1]
		last.Partitions = append(last.Partitions, p.Index)
	}
	return all
}
