package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/cluster"
	"weir/metadata"
)

// DeleteTopics (key 20), v1-v6.
//
// Behavior:
//   - Deletes topics with their data and their committed offsets; the answer comes when they are gone from
//     the metadata.
//   - A topic that stands twice, by name, by id or by both, is answered once, with 42, and not deleted.
//   - delete.topic.enable=false answers 73.
//
// Version notes: v5 error texts, v6 topics by id (KIP-516).
func (h *Handlers) serveDeleteTopics(c *Conn, version int16, req *kmsg.DeleteTopicsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.DeleteTopicsResponse)
	topics := req.Topics
	if version < 6 {
		topics = nil
		for _, name := range req.TopicNames {
			topics = append(topics, kmsg.DeleteTopicsRequestTopic{Topic: &name})
		}
	}
	enabled := h.Settings().Bool("delete.topic.enable")
	var refs []cluster.TopicRef
	for i := range topics {
		ref, err := h.topicToDelete(c, &topics[i])
		if err == nil && !enabled {
			err = refuse(kerr.TopicDeletionDisabled, "Topic deletion is disabled.")
		}
		if err != nil {
			resp.Topics = append(resp.Topics,
				deletedTopic(topics[i].Topic, topics[i].TopicID, h.code(err), h.message(err)))
			continue
		}
		refs = append(refs, ref)
	}
	refs = h.deletedTwice(refs, resp)
	ctx, cancel := h.within(req.TimeoutMillis)
	defer cancel()
	for i, deleted := range h.Cluster.DeleteTopics(ctx, refs) {
		name, id := orNull(refs[i].Name), refs[i].ID
		if version < 6 || refs[i].ID.IsZero() {
			name = &refs[i].Name
		}
		if deleted.Err == nil && deleted.Topic != nil {
			name, id = &deleted.Topic.Name, deleted.Topic.ID
		}
		resp.Topics = append(resp.Topics, deletedTopic(name, id, h.code(deleted.Err), h.message(deleted.Err)))
	}
	return Now(resp)
}

// deletedTwice answers the topics that stand twice, once each, and returns the others.
func (h *Handlers) deletedTwice(refs []cluster.TopicRef, resp *kmsg.DeleteTopicsResponse,
) (once []cluster.TopicRef) {
	image := h.Cluster.Image()
	count := make(map[cluster.TopicRef]int, len(refs))
	ids := make(map[metadata.TopicID]bool)
	for _, ref := range refs {
		count[ref]++
		if ref.Name == "" {
			ids[ref.ID] = true
		}
	}
	both := make(map[metadata.TopicID]bool) // by id of those whose name is asked for too
	for _, ref := range refs {
		if topic := image.Topic(ref.Name); topic != nil && ids[topic.ID] {
			both[topic.ID] = true
		}
	}
	add := func(name *string, id metadata.TopicID, why string) {
		resp.Topics = append(resp.Topics, deletedTopic(name, id, kerr.InvalidRequest.Code, &why))
	}
	for _, ref := range refs {
		name, id := ref.Name, ref.ID
		topic := image.Topic(name)
		switch {
		case both[id]: // its name answers
		case topic != nil && both[topic.ID] && count[ref] > 0:
			add(&name, topic.ID, "The provided topic name maps to an ID that was already supplied.")
			count[ref] = -1
		case count[ref] < 0:
		case count[ref] == 1:
			once = append(once, ref)
		case !id.IsZero():
			add(nil, id, "Duplicate topic id.")
			count[ref] = -1
		default:
			add(&name, id, "Duplicate topic name.")
			count[ref] = -1
		}
	}
	return once
}

// topicToDelete reads which topic is meant.
func (h *Handlers) topicToDelete(c *Conn, t *kmsg.DeleteTopicsRequestTopic,
) (ref cluster.TopicRef, err error) {
	hasID := t.TopicID != [16]byte{}
	switch {
	case t.Topic != nil && hasID:
		return ref, refuse(kerr.InvalidRequest, "You may not specify both topic name and topic id.")
	case t.Topic == nil && !hasID:
		return ref, refuse(kerr.InvalidRequest, "Neither topic name nor id were specified.")
	case t.Topic != nil:
		ref.Name = *t.Topic
	default:
		ref.ID = t.TopicID
	}
	name := ref.Name
	if known := h.Cluster.Image().TopicByID(ref.ID); hasID && known != nil {
		name = known.Name
	}
	if !h.allowed(c, opDelete, topicResource, name) {
		return ref, kerr.TopicAuthorizationFailed
	}
	return ref, nil
}

func deletedTopic(name *string, id [16]byte, code int16, message *string) kmsg.DeleteTopicsResponseTopic {
	t := kmsg.NewDeleteTopicsResponseTopic()
	t.Topic, t.TopicID, t.ErrorCode, t.ErrorMessage = name, id, code, message
	return t
}
