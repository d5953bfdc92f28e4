package cluster

import (
	"context"
	"fmt"
	"slices"

	"weir/metadata"
)

// NewPartitions asks for a topic to grow to Count partitions.
type NewPartitions struct {
	Name       string
	Count      int32
	Assignment [][]int32 // brokers of each partition added; nil lets the cluster choose
}

// CreatePartitions adds partitions to topics; results stand in the same order.
func (c *Cluster) CreatePartitions(ctx context.Context, topics []NewPartitions, validateOnly bool,
) []TopicResult {
	results := make([]TopicResult, len(topics))
	names := make(map[string]int, len(topics))
	for i, t := range topics {
		results[i].Name = t.Name
		names[t.Name]++
	}
	p := &plan{cluster: c, results: results}
	for i, t := range topics {
		if names[t.Name] > 1 {
			results[i].Err = refuse(ErrInvalidRequest, "Duplicate topic name.")
			continue
		}
		p.add(i, func(img *metadata.Image) (change, error) { return c.planGrowth(ctx, img, t) })
	}
	p.run(ctx, validateOnly)
	return results
}

func (c *Cluster) planGrowth(ctx context.Context, img *metadata.Image, t NewPartitions) (change, error) {
	old := img.Topic(t.Name)
	if old == nil {
		return change{}, refuse(ErrUnknownTopic, "")
	}
	have := int32(len(old.Partitions))
	if err := checkGrowth(t, have); err != nil {
		return change{}, err
	}
	parts, err := c.addedPartitions(img, t, old)
	if err != nil {
		return change{}, err
	}
	rev, err := c.revision(ctx, topicKey(old.ID))
	if err != nil {
		return change{}, err
	}
	grown := *old
	grown.Partitions = append(slices.Clip(old.Partitions), parts...)
	ch := change{topic: &grown, conds: []Cond{{Key: topicKey(old.ID), ModRev: rev}}}
	for i, part := range parts {
		ch.parts = append(ch.parts, putPart(old.ID, have+int32(i), part))
	}
	ch.ops = []Op{Put(topicKey(old.ID), encode(topicRecord{recordVersion, old.Name, t.Count, old.Internal}))}
	return ch, nil
}

func checkGrowth(t NewPartitions, have int32) error {
	added := int64(t.Count) - int64(have)
	switch {
	case added == 0:
		return refuse(ErrInvalidPartitions, fmt.Sprintf("Topic already has %d partition(s).", have))
	case added < 0:
		return refuse(ErrInvalidPartitions, fmt.Sprintf("The topic %s currently has %d partition(s); "+
			"%d would not be an increase.", t.Name, have, t.Count))
	case t.Assignment != nil && int64(len(t.Assignment)) != added:
		return refuse(ErrInvalidAssignment, fmt.Sprintf("Attempted to add %d additional partition(s), "+
			"but only %d assignment(s) were specified.", added, len(t.Assignment)))
	case added > maxRequestPartitions:
		return refuse(ErrPolicyViolation, "Excessively large number of partitions per request.")
	}
	return nil
}

func (c *Cluster) addedPartitions(img *metadata.Image, t NewPartitions, old *metadata.Topic,
) ([]metadata.Partition, error) {
	have, factor := int32(len(old.Partitions)), len(old.Partitions[0].Replicas)
	if t.Assignment == nil {
		return c.spread(img, old.ID, have, t.Count-have, int16(factor))
	}
	var parts []metadata.Partition
	for _, replicas := range t.Assignment {
		if err := checkReplicas(img, replicas, factor); err != nil {
			return nil, err
		}
		parts = append(parts, fresh(slices.Clone(replicas)))
	}
	return parts, nil
}
