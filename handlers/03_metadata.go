package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/cluster"
	"weir/metadata"
)

// Metadata (key 3), v0-v13.
//
// Behavior:
//   - Describes the brokers, and the topics asked for by name or id, each once; null topics (empty ones in
//     v0) mean all.
//   - Unknown names answer 3, impossible names 17, unknown ids 100. If one topic is named by id, only ids
//     count.
//   - With auto.create.topics.enable, an unknown topic that the client lets be created is created before the
//     answer, which then describes it (Kafka answers 3 and the client asks again); one that cannot be created
//     answers why.
//   - Brokers are described at the listener that the client came in on.
//
// Version notes: v1 controller, v2 cluster id, v4 AllowAutoTopicCreation, v5 offline replicas, v7 leader
// epochs, v8-v10 authorised operations (KIP-430; of the cluster up to v10), v10 topic ids in answers, v12
// topics by id (an id or a null name in v10 and v11 answers 42), v13 an error of the whole answer.
func (h *Handlers) serveMetadata(c *Conn, version int16, req *kmsg.MetadataRequest) Answer {
	resp := req.ResponseKind().(*kmsg.MetadataResponse)
	resp.ControllerID = -1
	if version < 12 && namesOrIDsMissing(req) {
		for _, t := range req.Topics {
			name := orEmpty(t.Topic)
			resp.Topics = append(resp.Topics, topicRefused(&name, t.TopicID, kerr.InvalidRequest.Code))
		}
		return Now(resp)
	}
	all := req.Topics == nil || version == 0 && len(req.Topics) == 0
	created := map[string]error{}
	if !all && (version < 4 || req.AllowAutoTopicCreation) && h.Settings().Bool("auto.create.topics.enable") {
		created = h.autoCreate(c, req)
	}
	image := h.Cluster.Image()
	if all {
		for _, topic := range image.Topics() {
			if h.allowed(c, opDescribe, topicResource, topic.Name) {
				resp.Topics = append(resp.Topics, h.describeTopic(c, version, image, topic))
			}
		}
	} else {
		resp.Topics = h.describeTopics(c, version, image, req, created)
	}
	for i := range resp.Topics {
		if t := &resp.Topics[i]; req.IncludeTopicAuthorizedOperations && t.Topic != nil && *t.Topic != "" {
			t.AuthorizedOperations = h.authorisedOperations(c, topicResource, *t.Topic)
		}
	}
	if req.IncludeClusterAuthorizedOperations {
		resp.AuthorizedOperations = h.authorisedOperations(c, clusterResource, clusterName)
	}
	for i := range image.Brokers {
		b := &image.Brokers[i]
		if host, port, ok := h.EndpointFor(c, b); ok {
			resp.Brokers = append(resp.Brokers, kmsg.MetadataResponseBroker{
				NodeID: b.ID, Host: host, Port: port, Rack: orNull(b.Rack),
			})
		}
	}
	resp.ClusterID, resp.ControllerID = &image.ClusterID, image.ControllerID
	return Now(resp)
}

// namesOrIDsMissing reports whether a topic has no name, or an id, which versions 10 and 11 do not serve.
func namesOrIDsMissing(req *kmsg.MetadataRequest) bool {
	for _, t := range req.Topics {
		if t.Topic == nil || t.TopicID != [16]byte{} {
			return true
		}
	}
	return false
}

// autoCreate makes the unknown topics of a request and returns why some could not be made.
func (h *Handlers) autoCreate(c *Conn, req *kmsg.MetadataRequest) map[string]error {
	image := h.Cluster.Image()
	failed := map[string]error{}
	var wanted []cluster.NewTopic
	for _, t := range req.Topics {
		if t.TopicID != [16]byte{} {
			return nil // then names do not count
		}
		if t.Topic == nil || image.Topic(*t.Topic) != nil {
			continue
		}
		name := *t.Topic
		if _, again := failed[name]; again {
			continue
		}
		failed[name] = nil
		switch {
		case name == offsetsTopic:
			failed[name] = h.createInternal(h.offsetsTopic())
		case name == stateTopic:
			failed[name] = h.createInternal(h.stateTopic())
		case name == shareTopic:
			failed[name] = h.createInternal(h.shareTopic())
		case !h.allowed(c, opCreate, topicResource, name):
			failed[name] = kerr.TopicAuthorizationFailed
		default:
			wanted = append(wanted, cluster.NewTopic{Name: name, Partitions: -1, Replication: -1})
		}
	}
	if len(wanted) == 0 {
		return failed
	}
	ctx, cancel := h.within(0)
	defer cancel()
	for i, made := range h.Cluster.CreateTopics(ctx, wanted, false) {
		failed[wanted[i].Name] = made.Err
	}
	return failed
}

// describeTopics describes the topics asked for, each once: those with an id if there is one, else those with
// a name.
func (h *Handlers) describeTopics(c *Conn, version int16, image *metadata.Image, req *kmsg.MetadataRequest,
	created map[string]error,
) []kmsg.MetadataResponseTopic {
	topics := []kmsg.MetadataResponseTopic{}
	ids := make(map[metadata.TopicID]bool)
	for _, t := range req.Topics {
		id := metadata.TopicID(t.TopicID)
		if id.IsZero() || ids[id] {
			continue
		}
		ids[id] = true
		topic := image.TopicByID(id)
		switch {
		case topic == nil:
			topics = append(topics, topicRefused(nil, id, kerr.UnknownTopicID.Code))
		case !h.allowed(c, opDescribe, topicResource, topic.Name):
			topics = append(topics, topicRefused(nil, id, kerr.TopicAuthorizationFailed.Code))
		default:
			topics = append(topics, h.describeTopic(c, version, image, topic))
		}
	}
	if len(ids) > 0 {
		return topics
	}
	names := make(map[string]bool)
	for _, t := range req.Topics {
		name := orEmpty(t.Topic)
		if names[name] {
			continue
		}
		names[name] = true
		topics = append(topics, h.describeName(c, version, image, t.Topic, created[name]))
	}
	return topics
}

// describeName describes one topic named; failed says why it could not be created, if that was tried.
func (h *Handlers) describeName(c *Conn, version int16, image *metadata.Image, name *string, failed error,
) kmsg.MetadataResponseTopic {
	var err error
	switch {
	case name == nil:
		none := ""
		return topicRefused(&none, [16]byte{}, kerr.InvalidRequest.Code)
	case !h.allowed(c, opDescribe, topicResource, *name):
		err = kerr.TopicAuthorizationFailed
	case image.Topic(*name) != nil:
		return h.describeTopic(c, version, image, image.Topic(*name))
	case failed != nil:
		err = failed
	default:
		if err = cluster.CheckName(*name); err == nil {
			err = kerr.UnknownTopicOrPartition
		}
	}
	refused := topicRefused(name, [16]byte{}, h.code(err))
	refused.IsInternal = cluster.Internal(*name)
	return refused
}
