package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/coordinator"
	"weir/groups"
	"weir/metadata"
)

// OffsetFetch (key 9), v1-v10.
//
// Behavior:
//   - Answers the committed offsets of groups: of the partitions asked for, or all there are. A partition
//     without one answers offset -1 and no error, and so does an unknown group.
//   - Topics are not compared with the metadata before v10, where an unknown id answers 100.
//
// Version notes: v2 null topics mean all and an error of the group stands at the top (before: at each
// partition), v5 leader epochs, v7 RequireStable (KIP-447), v8 several groups (KIP-709), v9 member ids and
// epochs, v10 topic ids (KIP-848).
func (h *Handlers) serveOffsetFetch(c *Conn, version int16, req *kmsg.OffsetFetchRequest) Answer {
	resp := req.ResponseKind().(*kmsg.OffsetFetchResponse)
	if version < 8 {
		asked := kmsg.NewOffsetFetchRequestGroup()
		asked.Group = req.Group
		if req.Topics != nil || version < 2 { // null means all from version 2 on
			asked.Topics = []kmsg.OffsetFetchRequestGroupTopic{}
		}
		for _, t := range req.Topics {
			asked.Topics = append(asked.Topics, kmsg.OffsetFetchRequestGroupTopic{
				Topic: t.Topic, Partitions: t.Partitions,
			})
		}
		one := h.fetchOffsets(c, version, &asked, req.RequireStable)
		return LaterFuture(one, func(g kmsg.OffsetFetchResponseGroup, _ error) kmsg.Response {
			return asOneGroup(resp, &g)
		})
	}
	all := make([]*coordinator.Future[kmsg.OffsetFetchResponseGroup], len(req.Groups))
	for i := range req.Groups {
		all[i] = h.fetchOffsets(c, version, &req.Groups[i], req.RequireStable)
	}
	gathered := coordinator.Gather(all, groupsInOrder)
	return LaterFuture(gathered, func(list []kmsg.OffsetFetchResponseGroup, _ error) kmsg.Response {
		resp.Groups = list
		return resp
	})
}

// groupsInOrder collects the answers of several groups.
func groupsInOrder(parts []*coordinator.Future[kmsg.OffsetFetchResponseGroup],
) ([]kmsg.OffsetFetchResponseGroup, error) {
	list := make([]kmsg.OffsetFetchResponseGroup, len(parts))
	for i, part := range parts {
		list[i], _ = part.Result() // an error is a code in the value
	}
	return list, nil
}

// fetchOffsets asks the coordinator of one group. Errors become codes in the value.
func (h *Handlers) fetchOffsets(c *Conn, version int16, asked *kmsg.OffsetFetchRequestGroup, stable bool,
) *coordinator.Future[kmsg.OffsetFetchResponseGroup] {
	if !h.allowed(c, opDescribe, groupResource, asked.Group) {
		return coordinator.Completed(h.noOffsets(version, asked, kerr.GroupAuthorizationFailed), nil)
	}
	image := h.Cluster.Image()
	fetch := groups.FetchRequest{
		GroupID: asked.Group, MemberID: asked.MemberID, MemberEpoch: asked.MemberEpoch,
		All: asked.Topics == nil, RequireStable: stable,
	}
	var refused []kmsg.OffsetFetchResponseGroupTopic
	for i := range asked.Topics {
		t := &asked.Topics[i]
		wanted := groups.FetchTopic{Name: t.Topic, Partitions: t.Partitions}
		if version >= 10 {
			topic := image.TopicByID(t.TopicID)
			if topic == nil {
				refused = append(refused, offsetsRefused(t, kerr.UnknownTopicID.Code))
				continue
			}
			wanted.Name, wanted.ID = topic.Name, topic.ID
		}
		if !h.allowed(c, opDescribe, topicResource, wanted.Name) {
			refused = append(refused, offsetsRefused(t, kerr.TopicAuthorizationFailed.Code))
			continue
		}
		fetch.Topics = append(fetch.Topics, wanted)
	}
	fetched := []*coordinator.Future[groups.FetchResponse]{h.Groups.FetchOffsets(fetch)}
	return coordinator.Gather(fetched, func(parts []*coordinator.Future[groups.FetchResponse],
	) (kmsg.OffsetFetchResponseGroup, error) {
		r, err := parts[0].Result()
		if err != nil {
			return h.noOffsets(version, asked, err), nil
		}
		group := h.offsetsOf(c, version, image, r, fetch.All)
		group.Group, group.Topics = asked.Group, append(group.Topics, refused...)
		return group, nil
	})
}

// offsetsOf encodes a group's offsets. When all were asked for, topics that the client may not see, and for
// versions with ids those that are gone, are left out.
func (h *Handlers) offsetsOf(c *Conn, version int16, image *metadata.Image, r groups.FetchResponse, all bool,
) kmsg.OffsetFetchResponseGroup {
	group := kmsg.NewOffsetFetchResponseGroup()
	for _, t := range r.Topics {
		answer := kmsg.NewOffsetFetchResponseGroupTopic()
		answer.Topic, answer.TopicID = t.Name, t.ID
		if all {
			known := image.Topic(t.Name)
			if version >= 10 && known == nil || !h.allowed(c, opDescribe, topicResource, t.Name) {
				continue
			}
			if known != nil {
				answer.TopicID = known.ID
			}
		}
		for _, p := range t.Partitions {
			text := p.Metadata
			answer.Partitions = append(answer.Partitions, kmsg.OffsetFetchResponseGroupTopicPartition{
				Partition: p.Index, Offset: p.Offset, LeaderEpoch: p.LeaderEpoch, Metadata: &text,
				ErrorCode: h.code(p.Err),
			})
		}
		group.Topics = append(group.Topics, answer)
	}
	return group
}

// noOffsets is the answer for a group whose coordinator refused. Version 1 has no place for its code but the
// partitions.
func (h *Handlers) noOffsets(version int16, asked *kmsg.OffsetFetchRequestGroup, err error,
) kmsg.OffsetFetchResponseGroup {
	group := kmsg.NewOffsetFetchResponseGroup()
	group.Group = asked.Group
	if version >= 2 {
		group.ErrorCode = h.code(err)
		return group
	}
	for i := range asked.Topics {
		group.Topics = append(group.Topics, offsetsRefused(&asked.Topics[i], h.code(err)))
	}
	return group
}

// offsetsRefused is a topic whose partitions all have one code.
func offsetsRefused(asked *kmsg.OffsetFetchRequestGroupTopic, code int16) kmsg.OffsetFetchResponseGroupTopic {
	answer := kmsg.NewOffsetFetchResponseGroupTopic()
	answer.Topic, answer.TopicID = asked.Topic, asked.TopicID
	for _, index := range asked.Partitions {
		none := ""
		answer.Partitions = append(answer.Partitions, kmsg.OffsetFetchResponseGroupTopicPartition{
			Partition: index, Offset: -1, LeaderEpoch: -1, Metadata: &none, ErrorCode: code,
		})
	}
	return answer
}

// asOneGroup writes a group's answer in the form of versions before 8.
func asOneGroup(resp *kmsg.OffsetFetchResponse, g *kmsg.OffsetFetchResponseGroup) kmsg.Response {
	resp.ErrorCode = g.ErrorCode
	for _, t := range g.Topics {
		topic := kmsg.OffsetFetchResponseTopic{Topic: t.Topic}
		for _, p := range t.Partitions {
			topic.Partitions = append(topic.Partitions, kmsg.OffsetFetchResponseTopicPartition{
				Partition: p.Partition, Offset: p.Offset, LeaderEpoch: p.LeaderEpoch, Metadata: p.Metadata,
				ErrorCode: p.ErrorCode,
			})
		}
		resp.Topics = append(resp.Topics, topic)
	}
	return resp
}
