package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/groups"
)

// descriptionNotStored says that a description of a topology was asked for and is not there. As in Kafka without a plugin
// for them none is ever stored.
const descriptionNotStored = 1

// streamsAssignor is the name of the assignor that there is.
const streamsAssignor = "sticky"

// StreamsGroupDescribe (key 89), v0-v1.
//
// Behavior:
//   - Describes groups of the streams protocol with their topology and members, what each has and what it is to have.
//     Those that do not exist, or are of another protocol, answer 69 and a text.
//
// Version notes: v1 tells the assignor, and can ask for a description of the topology (KIP-1331), which is never stored.
func (h *Handlers) serveStreamsGroupDescribe(c *Conn, _ int16, req *kmsg.StreamsGroupDescribeRequest) Answer {
	resp := req.ResponseKind().(*kmsg.StreamsGroupDescribeResponse)
	if !h.finalized("streams.version") {
		for _, id := range req.Groups {
			refused := kmsg.NewStreamsGroupDescribeResponseGroup()
			refused.Group, refused.ErrorCode = id, kerr.UnsupportedVersion.Code
			resp.Groups = append(resp.Groups, refused)
		}
		return Now(resp)
	}
	var ids []string
	for _, id := range req.Groups {
		if h.allowed(c, opDescribe, groupResource, id) {
			ids = append(ids, id)
			continue
		}
		refused := kmsg.NewStreamsGroupDescribeResponseGroup()
		refused.Group, refused.ErrorCode = id, kerr.GroupAuthorizationFailed.Code
		resp.Groups = append(resp.Groups, refused)
	}
	return LaterFuture(h.Groups.DescribeStreams(ids), func(list []groups.StreamsDescription, _ error) kmsg.Response {
		for i := range list {
			group := h.describedStreams(&list[i])
			if list[i].Err == nil && req.IncludeTopologyDescription {
				group.TopologyDescriptionStatus = descriptionNotStored
			}
			if list[i].Err == nil && req.IncludeAuthorizedOperations {
				group.AuthorizedOperations = h.authorisedOperations(c, groupResource, group.Group)
			}
			resp.Groups = append(resp.Groups, group)
		}
		return resp
	})
}

// describedStreams encodes one group.
func (h *Handlers) describedStreams(d *groups.StreamsDescription) kmsg.StreamsGroupDescribeResponseGroup {
	group := kmsg.NewStreamsGroupDescribeResponseGroup()
	group.Group = d.GroupID
	if d.Err != nil {
		group.ErrorCode, group.ErrorMessage = h.code(d.Err), groupMessage(d.Err)
		return group
	}
	assignor := streamsAssignor
	group.AssignorName = &assignor
	group.State, group.Epoch, group.AssignmentEpoch = string(d.State), d.Epoch, d.TargetEpoch
	if d.Topology != nil {
		topology := kmsg.NewStreamsGroupDescribeResponseGroupTopology()
		topology.Epoch, topology.Subtopologies = d.Topology.Epoch, []kmsg.StreamsGroupDescribeResponseGroupTopologySubtopology{}
		for i := range d.Topology.Subtopologies {
			s := &d.Topology.Subtopologies[i]
			sub := kmsg.NewStreamsGroupDescribeResponseGroupTopologySubtopology()
			sub.SubtopologyID, sub.SourceTopics, sub.RepartitionSinkTopics = s.ID, s.Sources, s.Sinks
			sub.StateChangelogTopics = topicInfos(s.Changelogs)
			sub.RepartitionSourceTopics = topicInfos(s.Repartition)
			topology.Subtopologies = append(topology.Subtopologies, sub)
		}
		group.Topology = &topology
	}
	for _, m := range d.Members {
		member := kmsg.NewStreamsGroupDescribeResponseGroupMember()
		member.MemberID, member.MemberEpoch, member.InstanceID, member.RackID = m.MemberID, m.Epoch, m.InstanceID, m.RackID
		member.ClientID, member.ClientHost = m.ClientID, m.ClientHost
		member.TopologyEpoch, member.ProcessID = m.TopologyEpoch, m.ProcessID
		if m.Endpoint != nil {
			endpoint := kmsg.NewStreamsGroupDescribeResponseGroupMemberUserEndpoint()
			endpoint.Host, endpoint.Port = m.Endpoint.Host, m.Endpoint.Port
			member.UserEndpoint = &endpoint
		}
		for _, t := range m.Tags {
			tag := kmsg.NewStreamsGroupDescribeResponseGroupMemberClientTag()
			tag.Key, tag.Value = t.Key, t.Value
			member.ClientTags = append(member.ClientTags, tag)
		}
		member.TaskOffsets, member.TaskEndOffsets = describedOffsets(m.Offsets), describedOffsets(m.EndOffsets)
		member.Assignment, member.TargetAssignment = streamsAssignment(m.Assignment), streamsAssignment(m.Target)
		group.Members = append(group.Members, member)
	}
	return group
}

func describedOffsets(list []groups.TaskOffset) []kmsg.TaskOffset {
	var all []kmsg.TaskOffset
	for _, o := range list {
		all = append(all, kmsg.TaskOffset{SubtopologyID: o.Subtopology, Partition: o.Partition, Offset: o.Offset})
	}
	return all
}

func streamsAssignment(t groups.TaskSet) kmsg.StreamsAssignment {
	a := kmsg.NewStreamsAssignment()
	a.ActiveTasks, a.StandbyTasks, a.WarmupTasks = taskIDs(t.Active), taskIDs(t.Standby), taskIDs(t.Warmup)
	return a
}

func topicInfos(list []groups.InternalTopic) []kmsg.TopicInfo {
	var all []kmsg.TopicInfo
	for _, t := range list {
		info := kmsg.NewTopicInfo()
		info.Topic, info.NumPartitions, info.ReplicationFactor = t.Name, t.Partitions, t.Replication
		for _, s := range t.Configs {
			setting := kmsg.NewTopicInfoConfig()
			setting.Key, setting.Value = s.Key, s.Value
			info.Configs = append(info.Configs, setting)
		}
		all = append(all, info)
	}
	return all
}
