package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/cluster"
	"weir/config"
	"weir/metadata"
)

// CreateTopics (key 19), v2-v7.
//
// Behavior:
//   - Creates each topic for itself; the answer comes when its partitions serve. -1 partitions or replicas
//     mean the broker's defaults. A name that stands twice is answered once, with 42, and not created.
//   - A replication factor above the number of brokers is lowered to it, unless the broker was told to be
//     strict.
//   - ValidateOnly judges without creating.
//
// Version notes: v5 the numbers and settings of the new topic (KIP-525), v7 its id (KIP-516).
func (h *Handlers) serveCreateTopics(c *Conn, version int16, req *kmsg.CreateTopicsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.CreateTopicsResponse)
	count := make(map[string]int, len(req.Topics))
	for _, t := range req.Topics {
		count[t.Topic]++
	}
	var wanted []cluster.NewTopic
	anyTopic := h.allowed(c, opCreate, clusterResource, clusterName)
	for i := range req.Topics {
		t := &req.Topics[i]
		switch {
		case count[t.Topic] > 1:
			count[t.Topic] = -1 // answered
			resp.Topics = append(resp.Topics, h.notCreated(version, t.Topic, duplicateTopic))
		case count[t.Topic] < 0:
		case !anyTopic && !h.allowed(c, opCreate, topicResource, t.Topic):
			resp.Topics = append(resp.Topics, h.notCreated(version, t.Topic, kerr.TopicAuthorizationFailed))
		default:
			topic, err := newTopic(t)
			if err != nil {
				resp.Topics = append(resp.Topics, h.notCreated(version, t.Topic, err))
				continue
			}
			wanted = append(wanted, topic)
		}
	}
	ctx, cancel := h.within(req.TimeoutMillis)
	defer cancel()
	for i, made := range h.Cluster.CreateTopics(ctx, wanted, req.ValidateOnly) {
		if made.Err != nil {
			resp.Topics = append(resp.Topics, h.notCreated(version, wanted[i].Name, made.Err))
			continue
		}
		resp.Topics = append(resp.Topics, h.createdTopic(c, version, made.Topic))
	}
	return Now(resp)
}

// duplicateTopic answers a topic that stands twice in a request.
var duplicateTopic = refuse(kerr.InvalidRequest, "Duplicate topic name.")

// newTopic turns one topic of the request into the cluster's words.
func newTopic(t *kmsg.CreateTopicsRequestTopic) (cluster.NewTopic, error) {
	topic := cluster.NewTopic{Name: t.Topic, Partitions: t.NumPartitions, Replication: t.ReplicationFactor}
	if len(t.ReplicaAssignment) > 0 {
		topic.Assignment = make(map[int32][]int32, len(t.ReplicaAssignment))
	}
	for _, a := range t.ReplicaAssignment {
		if _, again := topic.Assignment[a.Partition]; again {
			return topic, refuse(kerr.InvalidReplicaAssignment,
				"Found multiple manual partition assignments for partition %d", a.Partition)
		}
		topic.Assignment[a.Partition] = a.Replicas
	}
	if len(t.Configs) > 0 {
		topic.Configs = make(map[string]*string, len(t.Configs))
	}
	for _, setting := range t.Configs {
		topic.Configs[setting.Name] = setting.Value // the last one counts, as in Kafka
	}
	return topic, nil
}

// notCreated is the answer for a topic that was refused.
func (h *Handlers) notCreated(version int16, name string, err error) kmsg.CreateTopicsResponseTopic {
	t := kmsg.NewCreateTopicsResponseTopic()
	t.Topic, t.ErrorCode, t.ErrorMessage = name, h.code(err), h.message(err)
	if version >= 5 {
		t.NumPartitions, t.ReplicationFactor = -1, -1
		t.Configs = []kmsg.CreateTopicsResponseTopicConfig{}
	}
	return t
}

// createdTopic is the answer for a topic that was created or could be.
func (h *Handlers) createdTopic(c *Conn, version int16, topic *metadata.Topic,
) kmsg.CreateTopicsResponseTopic {
	t := kmsg.NewCreateTopicsResponseTopic()
	t.Topic, t.TopicID = topic.Name, topic.ID
	if version < 5 {
		return t
	}
	t.NumPartitions, t.ReplicationFactor = -1, -1
	if !h.allowed(c, opDescribeConfigs, topicResource, topic.Name) {
		t.ConfigErrorCode = kerr.TopicAuthorizationFailed.Code
		return t
	}
	t.NumPartitions = int32(len(topic.Partitions))
	if t.NumPartitions > 0 {
		t.ReplicationFactor = int16(len(topic.Partitions[0].Replicas))
	}
	for _, e := range h.Settings().DescribeTopic(topic.Configs) {
		t.Configs = append(t.Configs, createdConfig(e))
	}
	return t
}

func createdConfig(e config.Entry) kmsg.CreateTopicsResponseTopicConfig {
	c := kmsg.NewCreateTopicsResponseTopicConfig()
	c.Name, c.ReadOnly, c.Source, c.IsSensitive = e.Name, e.ReadOnly, int8(e.Source), e.Def.Sensitive()
	if value := e.Value; !e.Null {
		c.Value = &value
	}
	return c
}
