package handlers

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// DeleteRecords (key 21), v0-v2.
//
// Behavior:
//   - Moves the log start offset of each partition up to the offset; -1 means the high watermark. The answer
//     is the log start offset afterwards.
//   - Internal topics answer 17; topics whose cleanup.policy has no "delete" answer 44; an offset past the
//     high watermark answers 1.
//
// Version notes: v2 is flexible, nothing else changed.
func (h *Handlers) serveDeleteRecords(c *Conn, _ int16, req *kmsg.DeleteRecordsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.DeleteRecordsResponse)
	last := make(map[partitionName]int64) // a partition named twice counts once, with the last offset
	for _, t := range req.Topics {
		for _, asked := range t.Partitions {
			last[partitionName{t.Topic, asked.Partition}] = asked.Offset
		}
	}
	for _, t := range req.Topics {
		answer := kmsg.NewDeleteRecordsResponseTopic()
		answer.Topic = t.Topic
		for _, asked := range t.Partitions {
			name := partitionName{t.Topic, asked.Partition}
			offset, first := last[name]
			if !first {
				continue
			}
			delete(last, name)
			p := kmsg.NewDeleteRecordsResponseTopicPartition()
			p.Partition = asked.Partition
			low, err := h.deleteRecords(c, t.Topic, asked.Partition, offset)
			p.LowWatermark, p.ErrorCode = low, h.code(err)
			answer.Partitions = append(answer.Partitions, p)
		}
		resp.Topics = append(resp.Topics, answer)
	}
	return Now(resp)
}

// deleteRecords returns the low watermark, -1 with an error.
func (h *Handlers) deleteRecords(c *Conn, name string, index int32, offset int64) (int64, error) {
	if !h.allowed(c, opDelete, topicResource, name) {
		return -1, kerr.TopicAuthorizationFailed
	}
	image := h.Cluster.Image()
	topic := image.Topic(name)
	p, err := h.findPartition(topic, index)
	if err != nil {
		return -1, err
	}
	switch {
	case topic.Internal:
		return -1, fmt.Errorf("topic %s is internal: %w", name, kerr.InvalidTopicException)
	case !h.settings.of(image, topic).deleteRecords:
		return -1, fmt.Errorf("cleanup.policy of %s keeps records: %w", name, kerr.PolicyViolation)
	}
	low, err := p.DeleteRecords(offset)
	if err != nil {
		return -1, err
	}
	return low, nil
}
