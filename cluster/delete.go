package cluster

import (
	"context"

	"weir/metadata"
)

// TopicRef names a topic by name or, when Name is "", by id.
type TopicRef struct {
	Name string
	ID   metadata.TopicID
}

// DeleteTopics deletes topics; results stand in the order of refs. Topics named by id have their name in
// the result when they exist.
func (c *Cluster) DeleteTopics(ctx context.Context, refs []TopicRef) []TopicResult {
	results := make([]TopicResult, len(refs))
	seen := make(map[TopicRef]int)
	ids := make(map[metadata.TopicID]int)
	img := c.Image()
	for i, ref := range refs {
		results[i].Name = ref.Name
		seen[ref]++
		if t := find(img, ref); t != nil {
			results[i].Name = t.Name
			ids[t.ID]++
		}
	}
	p := &plan{cluster: c, results: results}
	for i, ref := range refs {
		t := find(img, ref)
		switch {
		case seen[ref] > 1 && ref.Name != "":
			results[i].Err = refuse(ErrInvalidRequest, "Duplicate topic name.")
		case seen[ref] > 1:
			results[i].Err = refuse(ErrInvalidRequest, "Duplicate topic id.")
		case t != nil && ids[t.ID] > 1:
			results[i].Err = refuse(ErrInvalidRequest,
				"The provided topic name maps to an ID that was already supplied.")
		default:
			p.add(i, func(img *metadata.Image) (change, error) { return c.planDelete(ctx, img, ref) })
		}
	}
	p.run(ctx, false)
	return results
}

func find(img *metadata.Image, ref TopicRef) *metadata.Topic {
	if ref.Name != "" {
		return img.Topic(ref.Name)
	}
	return img.TopicByID(ref.ID)
}

func (c *Cluster) planDelete(ctx context.Context, img *metadata.Image, ref TopicRef) (change, error) {
	t := find(img, ref)
	if t == nil && (ref.Name != "" || ref.ID.IsZero()) {
		return change{}, refuse(ErrUnknownTopic, "This server does not host this topic-partition.")
	}
	if t == nil {
		return change{}, refuse(ErrUnknownTopicID, "This server does not host this topic ID.")
	}
	rev, err := c.revision(ctx, topicKey(t.ID))
	if err != nil {
		return change{}, err
	}
	ch := change{topic: t, conds: []Cond{{Key: topicKey(t.ID), ModRev: rev}}}
	ch.ops = []Op{Delete(topicKey(t.ID)), Delete(nameKey(t.Name)), Delete(topicConfigKey(t.ID))}
	for n := range t.Partitions {
		ch.rest = append(ch.rest, Delete(partKey(t.ID, int32(n))))
	}
	return ch, nil
}

// read returns one pair; a zero ModRev says that there is none.
func (c *Cluster) read(ctx context.Context, key string) (KV, error) {
	kvs, _, err := c.store.Range(ctx, key)
	if err != nil {
		return KV{}, err
	}
	if len(kvs) > 0 && kvs[0].Key == key { // the shortest key with the prefix comes first
		return kvs[0], nil
	}
	return KV{Key: key}, nil
}

func (c *Cluster) revision(ctx context.Context, key string) (int64, error) {
	kv, err := c.read(ctx, key)
	return kv.ModRev, err
}
