package handlers

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/groups"
	"weir/metadata"
)

// OffsetCommit (key 8), v2-v10.
//
// Behavior:
//   - Stores offsets with the group's coordinator and answers when they are durable. Offsets are not compared
//     with the log.
//   - Topics and partitions that do not exist answer 3 (an unknown id 100) without keeping the others from
//     being stored.
//   - An error of the whole commit (generation, member, coordinator) stands at every partition.
//
// Version notes: v3 throttle time, v5 no retention time (before, it bounds how long the offsets live), v6
// leader epochs (KIP-320), v7 static members (KIP-345), v9 member epochs of the consumer protocol, v10 topic
// ids (KIP-848).
func (h *Handlers) serveOffsetCommit(c *Conn, version int16, req *kmsg.OffsetCommitRequest) Answer {
	answer := &commitAnswer{resp: req.ResponseKind().(*kmsg.OffsetCommitResponse)}
	commit := groups.CommitRequest{
		GroupID: req.Group, Generation: req.Generation, MemberID: req.MemberID, InstanceID: req.InstanceID,
		KnowsEpochs: version >= 9, RetentionMs: -1,
	}
	if version <= 4 {
		commit.RetentionMs = req.RetentionTimeMillis
	}
	authorised := h.allowed(c, opRead, groupResource, req.Group)
	image := h.Cluster.Image()
	for i := range req.Topics {
		asked := &req.Topics[i]
		answer.echo(asked)
		topic, err := h.commitTopic(c, image, version >= 10, asked.Topic, asked.TopicID)
		if !authorised {
			topic, err = nil, kerr.GroupAuthorizationFailed
		}
		wanted := groups.CommitTopic{ID: asked.TopicID}
		if topic != nil {
			wanted.Name, wanted.ID = topic.Name, topic.ID
		}
		for j, p := range asked.Partitions {
			partitionErr := err
			if err == nil && (p.Partition < 0 || int(p.Partition) >= len(topic.Partitions)) {
				partitionErr = kerr.UnknownTopicOrPartition
			}
			if partitionErr != nil {
				answer.resp.Topics[i].Partitions[j].ErrorCode = h.code(partitionErr)
				continue
			}
			answer.sent = append(answer.sent, [2]int{i, j})
			wanted.Partitions = append(wanted.Partitions, groups.CommitPartition{
				Index: p.Partition, Offset: p.Offset, LeaderEpoch: p.LeaderEpoch, Metadata: p.Metadata,
			})
		}
		if len(wanted.Partitions) > 0 {
			commit.Topics = append(commit.Topics, wanted)
		}
	}
	if len(answer.sent) == 0 {
		return Now(answer.resp)
	}
	return LaterFuture(h.Groups.CommitOffsets(commit), func(r groups.CommitResponse, err error) kmsg.Response {
		if version < 9 && errors.Is(err, groups.ErrGroupNotFound) {
			err = groups.ErrIllegalGeneration // old clients do not know GROUP_ID_NOT_FOUND here
		}
		return answer.fill(h, r, err)
	})
}

// commitTopic finds the topic of one part of a commit, by its name or its id.
func (h *Handlers) commitTopic(c *Conn, image *metadata.Image, byID bool, name string, id metadata.TopicID,
) (*metadata.Topic, error) {
	topic, unknown := image.Topic(name), error(kerr.UnknownTopicOrPartition)
	if byID {
		topic, unknown = image.TopicByID(id), kerr.UnknownTopicID
	}
	switch {
	case topic == nil:
		return nil, unknown
	case !h.allowed(c, opRead, topicResource, topic.Name):
		return nil, kerr.TopicAuthorizationFailed
	}
	return topic, nil
}

// commitAnswer is an answer whose partitions stand as they were asked for, of which some wait for the
// coordinator.
type commitAnswer struct {
	resp *kmsg.OffsetCommitResponse
	sent [][2]int // places of topic and partition, in the order in which they were sent to the coordinator
}

// echo adds a topic's partitions without errors.
func (a *commitAnswer) echo(asked *kmsg.OffsetCommitRequestTopic) {
	topic := kmsg.NewOffsetCommitResponseTopic()
	topic.Topic, topic.TopicID = asked.Topic, asked.TopicID
	for _, p := range asked.Partitions {
		topic.Partitions = append(topic.Partitions, kmsg.OffsetCommitResponseTopicPartition{Partition: p.Partition})
	}
	a.resp.Topics = append(a.resp.Topics, topic)
}

// fill writes what the coordinator said.
func (a *commitAnswer) fill(h *Handlers, r groups.CommitResponse, err error) kmsg.Response {
	code := h.code(err)
	for _, at := range a.sent {
		a.resp.Topics[at[0]].Partitions[at[1]].ErrorCode = code
	}
	if err != nil {
		return a.resp
	}
	n := 0
	for _, t := range r.Topics {
		for _, p := range t.Partitions {
			at := a.sent[n]
			a.resp.Topics[at[0]].Partitions[at[1]].ErrorCode = h.code(p.Err)
			n++
		}
	}
	return a.resp
}
