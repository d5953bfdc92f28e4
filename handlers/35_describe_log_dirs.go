package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/metadata"
)

// DescribeLogDirs (key 35), v1-v5.
//
// Behavior:
//   - Describes the data directory: how large the partitions in it are, all (null topics) or those asked for,
//     and how much room its file system has. Partitions that are not here are left out.
//   - There is one data directory and no copy of a partition on the way to another one (IsFutureKey is
//     false).
//
// Version notes: v2 is flexible, v3 an error of the whole answer, v4 total and usable bytes (KIP-827), v5
// cordoned directories (KIP-1066): none is.
func (h *Handlers) serveDescribeLogDirs(c *Conn, _ int16, req *kmsg.DescribeLogDirsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.DescribeLogDirsResponse)
	if !h.allowed(c, opDescribe, clusterResource, clusterName) {
		resp.ErrorCode = kerr.ClusterAuthorizationFailed.Code
		return Now(resp)
	}
	dir := kmsg.NewDescribeLogDirsResponseDir()
	dir.Dir = h.Directory.Path()
	dir.TotalBytes, dir.UsableBytes = h.Directory.Space()
	image := h.Cluster.Image()
	if req.Topics == nil {
		for _, topic := range image.Topics() {
			dir.Topics = h.topicSizes(dir.Topics, topic, nil)
		}
	}
	for _, t := range req.Topics {
		if topic := image.Topic(t.Topic); topic != nil && len(t.Partitions) > 0 {
			dir.Topics = h.topicSizes(dir.Topics, topic, t.Partitions)
		}
	}
	resp.Dirs = append(resp.Dirs, dir)
	return Now(resp)
}

// topicSizes adds the sizes of a topic's partitions that are here: those asked for, or all.
func (h *Handlers) topicSizes(list []kmsg.DescribeLogDirsResponseDirTopic, topic *metadata.Topic,
	asked []int32,
) []kmsg.DescribeLogDirsResponseDirTopic {
	if asked == nil {
		for i := range topic.Partitions {
			asked = append(asked, int32(i))
		}
	}
	sized := kmsg.NewDescribeLogDirsResponseDirTopic()
	sized.Topic = topic.Name
	for _, index := range asked {
		p, err := h.Partitions.Get(metadata.PartitionID{Topic: topic.ID, Index: index})
		if err != nil {
			continue
		}
		partition := kmsg.NewDescribeLogDirsResponseDirTopicPartition()
		partition.Partition, partition.Size = index, p.Size()
		partition.OffsetLag = max(0, p.HighWatermark()-p.EndOffset(false))
		sized.Partitions = append(sized.Partitions, partition)
	}
	if len(sized.Partitions) == 0 {
		return list
	}
	return append(list, sized)
}
