package handlers

import (
	"errors"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/cluster"
	"weir/groups"
)

// StreamsGroupHeartbeat (key 88), v0-v1.
//
// Behavior:
//   - All that members of a group of the streams protocol say (KIP-1071): epoch 0 joins and tells the topology, -1
//     leaves. The broker gives them tasks; the answer holds them when they have changed, and what a member lacks of
//     them is to be given up first.
//   - What keeps the group from running stands in the answer's statuses. Internal topics that are missing are made.
//   - A member in another epoch answers 110, one that is not known 25, a topology that cannot run 130, one that is not the
//     group's 42; each with a text. A group has one topology until it is deleted.
//   - A static member leaves for a while with -2, keeps its tasks until its session ends, and comes back with any id.
//   - Offsets of tasks that members report are shown, and tell where a copy is further. As in Kafka 4.4 nothing is warmed up and
//     racks are not looked at.
//
// Version notes: v1 asks for a description of the topology (KIP-1331), which this broker never does.
func (h *Handlers) serveStreamsGroupHeartbeat(c *Conn, r *Request, _ int16, req *kmsg.StreamsGroupHeartbeatRequest,
) Answer {
	resp := req.ResponseKind().(*kmsg.StreamsGroupHeartbeatResponse)
	resp.Status = []kmsg.StreamsGroupHeartbeatResponseStatus{} // empty with errors too, as Kafka has it
	if !h.finalized("streams.version") {
		resp.ErrorCode = kerr.UnsupportedVersion.Code
		return Now(resp)
	}
	if !h.allowed(c, opRead, groupResource, req.Group) {
		resp.ErrorCode = kerr.GroupAuthorizationFailed.Code
		return Now(resp)
	}
	beat := groups.StreamsHeartbeatRequest{
		GroupID: req.Group, MemberID: req.MemberID, Epoch: req.MemberEpoch, EndpointEpoch: req.EndpointInformationEpoch,
		InstanceID: req.InstanceID, RackID: req.RackID, ClientID: r.ClientID(), ClientHost: clientHost(c),
		RebalanceTimeoutMs: req.RebalanceTimeoutMillis, ProcessID: req.ProcessID, Shutdown: req.ShutdownApplication,
	}
	if req.Topology != nil {
		beat.Topology = topologyOf(req.Topology)
		if err := h.checkTopologyTopics(c, beat.Topology); err != nil {
			resp.ErrorCode, resp.ErrorMessage = h.code(err), h.message(err)
			return Now(resp)
		}
	}
	if req.ActiveTasks != nil || req.StandbyTasks != nil || req.WarmupTasks != nil {
		beat.Owned = &groups.TaskSet{Active: tasksOf(req.ActiveTasks), Standby: tasksOf(req.StandbyTasks),
			Warmup: tasksOf(req.WarmupTasks)}
	}
	beat.Offsets, beat.EndOffsets = taskOffsetsOf(req.TaskOffsets), taskOffsetsOf(req.TaskEndOffsets)
	if e := req.UserEndpoint; e != nil {
		beat.Endpoint = &groups.Endpoint{Host: e.Host, Port: e.Port}
	}
	if req.ClientTags != nil {
		beat.Tags = []groups.Tag{}
		for _, t := range req.ClientTags {
			beat.Tags = append(beat.Tags, groups.Tag{Key: t.Key, Value: t.Value})
		}
	}
	return LaterFuture(h.Groups.StreamsHeartbeat(beat), func(a groups.StreamsHeartbeatResponse, err error) kmsg.Response {
		if err != nil {
			resp.ErrorCode, resp.ErrorMessage = h.code(err), groupMessage(err)
			return resp
		}
		if len(a.Missing) > 0 {
			h.makeStreamsTopics(req.Group, a.Missing)
		}
		encodeStreamsHeartbeat(resp, &a)
		return resp
	})
}

func encodeStreamsHeartbeat(resp *kmsg.StreamsGroupHeartbeatResponse, a *groups.StreamsHeartbeatResponse) {
	resp.MemberID, resp.MemberEpoch, resp.HeartbeatIntervalMillis = a.MemberID, a.Epoch, a.HeartbeatIntervalMs
	resp.EndpointInformationEpoch = a.EndpointEpoch
	resp.TaskOffsetIntervalMillis = a.TaskOffsetIntervalMs
	resp.AcceptableRecoveryLag = a.AcceptableRecoveryLag
	for _, s := range a.Status {
		status := kmsg.NewStreamsGroupHeartbeatResponseStatus()
		status.StatusCode, status.StatusDetail = int8(s.Code), s.Detail
		resp.Status = append(resp.Status, status)
	}
	if a.Assigned {
		resp.ActiveTasks, resp.StandbyTasks = taskIDs(a.Tasks.Active), taskIDs(a.Tasks.Standby)
		resp.WarmupTasks = taskIDs(a.Tasks.Warmup)
	}
	if a.Endpoints != nil {
		resp.PartitionsByUserEndpoint = []kmsg.StreamsGroupHeartbeatResponsePartitionsByUserEndpoint{}
	}
	for _, e := range a.Endpoints {
		by := kmsg.NewStreamsGroupHeartbeatResponsePartitionsByUserEndpoint()
		by.UserEndpoint.Host, by.UserEndpoint.Port = e.Endpoint.Host, e.Endpoint.Port
		for _, t := range e.Active {
			p := kmsg.NewStreamsGroupHeartbeatResponsePartitionsByUserEndpointActivePartition()
			p.Topic, p.Partitions = t.Topic, t.Partitions
			by.ActivePartitions = append(by.ActivePartitions, p)
		}
		for _, t := range e.Standby {
			p := kmsg.NewStreamsGroupHeartbeatResponsePartitionsByUserEndpointStandbyPartition()
			p.Topic, p.Partitions = t.Topic, t.Partitions
			by.StandbyPartitions = append(by.StandbyPartitions, p)
		}
		resp.PartitionsByUserEndpoint = append(resp.PartitionsByUserEndpoint, by)
	}
}

// checkTopologyTopics refuses topologies on the broker's own topics, on what is no name of a topic, and on topics that
// the client may not see.
func (h *Handlers) checkTopologyTopics(c *Conn, t *groups.Topology) error {
	var own, bad, hidden []string
	for _, name := range t.Topics() {
		switch {
		case cluster.Internal(name):
			own = append(own, name)
		case cluster.CheckName(name) != nil:
			bad = append(bad, name)
		case !h.allowed(c, opDescribe, topicResource, name):
			hidden = append(hidden, name)
		}
	}
	switch {
	case len(own) > 0:
		return refuse(kerr.StreamsInvalidTopology, "Use of Kafka internal topics %s in a Kafka Streams topology is prohibited.",
			strings.Join(own, ","))
	case len(bad) > 0:
		return refuse(kerr.StreamsInvalidTopology, "Topic names %s are not valid topic names.", strings.Join(bad, ","))
	case len(hidden) > 0:
		return kerr.TopicAuthorizationFailed
	}
	return nil
}

// makeStreamsTopics begins to make internal topics of a group's topology, unless that is under way. Members are told again
// that topics are missing until they are there, and each time it is tried again.
func (h *Handlers) makeStreamsTopics(group string, missing []groups.InternalTopic) {
	if _, making := h.topologies.LoadOrStore(group, struct{}{}); making {
		return
	}
	go func() {
		defer h.topologies.Delete(group)
		h.createStreamsTopics(missing)
	}()
}

func (h *Handlers) createStreamsTopics(missing []groups.InternalTopic) {
	wanted := make([]cluster.NewTopic, len(missing))
	for i, t := range missing {
		wanted[i] = cluster.NewTopic{Name: t.Name, Partitions: t.Partitions, Replication: t.Replication}
		if t.Replication <= 0 {
			wanted[i].Replication = -1
		}
		wanted[i].Configs = make(map[string]*string, len(t.Configs))
		for _, s := range t.Configs {
			wanted[i].Configs[s.Key] = setting(s.Value)
		}
	}
	ctx, cancel := h.within(0)
	defer cancel()
	for i, made := range h.Cluster.CreateTopics(ctx, wanted, false) {
		if made.Err != nil && !errors.Is(made.Err, cluster.ErrTopicExists) {
			h.Logger.Warn("create internal topic of a topology", "topic", wanted[i].Name, "error", made.Err)
		}
	}
}

func topologyOf(t *kmsg.StreamsGroupHeartbeatRequestTopology) *groups.Topology {
	topology := &groups.Topology{Epoch: t.Epoch}
	for i := range t.Subtopologies {
		s := &t.Subtopologies[i]
		sub := groups.Subtopology{
			ID: s.SubtopologyID, Sources: s.SourceTopics, SourceRegex: s.SourceTopicRegex,
			Changelogs: internalTopics(s.StateChangelogTopics), Sinks: s.RepartitionSinkTopics,
			Repartition: internalTopics(s.RepartitionSourceTopics),
		}
		for _, g := range s.CopartitionGroups {
			sub.Copartition = append(sub.Copartition, groups.CopartitionGroup{
				Sources: g.SourceTopics, SourceRegex: g.SourceTopicRegex, Repartition: g.RepartitionSourceTopics,
			})
		}
		topology.Subtopologies = append(topology.Subtopologies, sub)
	}
	return topology
}

func internalTopics(list []kmsg.TopicInfo) []groups.InternalTopic {
	var all []groups.InternalTopic
	for _, t := range list {
		topic := groups.InternalTopic{Name: t.Topic, Partitions: t.NumPartitions, Replication: t.ReplicationFactor}
		for _, s := range t.Configs {
			topic.Configs = append(topic.Configs, groups.Tag{Key: s.Key, Value: s.Value})
		}
		all = append(all, topic)
	}
	return all
}

// taskOffsetsOf gives offsets as the groups have them. What is null stays null: it has not changed.
func taskOffsetsOf(list []kmsg.TaskOffset) []groups.TaskOffset {
	if list == nil {
		return nil
	}
	all := []groups.TaskOffset{}
	for _, o := range list {
		all = append(all, groups.TaskOffset{Subtopology: o.SubtopologyID, Partition: o.Partition, Offset: o.Offset})
	}
	return all
}

// tasksOf gives tasks as the groups have them. What is null stays null.
func tasksOf(list []kmsg.TaskIDs) []groups.Tasks {
	if list == nil {
		return nil
	}
	all := []groups.Tasks{}
	for _, t := range list {
		all = append(all, groups.Tasks{Subtopology: t.SubtopologyID, Partitions: t.Partitions})
	}
	return all
}

func taskIDs(list []groups.Tasks) []kmsg.TaskIDs {
	all := []kmsg.TaskIDs{}
	for _, t := range list {
		ids := kmsg.NewTaskIDs()
		ids.SubtopologyID, ids.Partitions = t.Subtopology, t.Partitions
		all = append(all, ids)
	}
	return all
}
