package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"weir/metadata"
)

// maxRequestPartitions is how many partitions one CreateTopics request may make, as in Kafka.
const maxRequestPartitions = 10000

// NewTopic is a topic to be created.
type NewTopic struct {
	Name        string
	Partitions  int32              // -1 for the default
	Replication int16              // -1 for the default
	Assignment  map[int32][]int32  // partition to brokers; then Partitions and Replication must be -1
	Configs     map[string]*string // a nil value is refused
	// Internal marks a topic that the broker makes for itself. Clients cannot make one.
	Internal bool
}

// TopicResult is the outcome for one topic of a request.
type TopicResult struct {
	Name  string
	Topic *metadata.Topic // as it is now (created, grown) or was (deleted); nil on error
	Err   error
}

// CreateTopics creates topics, each for itself; results stand in the order of topics. It returns when
// what runs matches, or with ErrTimeout for the topics that are stored but do not run yet.
func (c *Cluster) CreateTopics(ctx context.Context, topics []NewTopic, validateOnly bool) []TopicResult {
	results := make([]TopicResult, len(topics))
	names := make(map[string]int, len(topics))
	var partitions int64
	for i, t := range topics {
		results[i].Name = t.Name
		names[t.Name]++
		partitions += int64(max(t.Partitions, int32(len(t.Assignment)), 0))
	}
	p := &plan{cluster: c, results: results}
	for i, t := range topics {
		switch {
		case partitions > maxRequestPartitions:
			results[i].Err = refuse(ErrPolicyViolation, "Excessively large number of partitions per request.")
		case names[t.Name] > 1:
			results[i].Err = refuse(ErrInvalidRequest, "Duplicate topic name.")
		default:
			p.add(i, func(img *metadata.Image) (change, error) { return c.planTopic(img, t) })
		}
	}
	p.run(ctx, validateOnly)
	return results
}

// planTopic judges one topic, in Kafka's order: name, existence, settings, partitions.
func (c *Cluster) planTopic(img *metadata.Image, t NewTopic) (change, error) {
	if err := c.checkNewName(img, t); err != nil {
		return change{}, err
	}
	configs, err := c.newConfigs(t)
	if err != nil {
		return change{}, err
	}
	id := metadata.NewTopicID()
	parts, err := c.newPartitions(img, id, t)
	if err != nil {
		return change{}, err
	}
	topic := &metadata.Topic{ID: id, Name: t.Name, Internal: t.Internal, Configs: configs,
		Partitions: parts}
	ch := change{topic: topic, conds: []Cond{{Key: nameKey(t.Name)}}}
	for n, part := range parts {
		ch.parts = append(ch.parts, putPart(topic.ID, int32(n), part))
	}
	if len(configs) > 0 {
		ch.ops = append(ch.ops, Put(topicConfigKey(topic.ID), encode(configRecord{recordVersion, configs})))
	}
	ch.ops = append(ch.ops,
		Put(nameKey(t.Name), encode(nameRecord{recordVersion, topic.ID.String()})),
		Put(topicKey(topic.ID), encode(topicRecord{recordVersion, t.Name, int32(len(parts)), t.Internal})))
	return ch, nil
}

func putPart(id metadata.TopicID, n int32, p metadata.Partition) Op {
	return Put(partKey(id, n), encode(partRecord{V: recordVersion, Leader: p.Leader, LeaderEpoch: p.LeaderEpoch,
		PartitionEpoch: p.PartitionEpoch, Replicas: p.Replicas, ISR: p.ISR}))
}

func (c *Cluster) checkNewName(img *metadata.Image, t NewTopic) error {
	if t.Name == kraftTopic {
		return refuse(ErrInvalidRequest, "Creation of internal topic "+kraftTopic+" is prohibited.")
	}
	if err := CheckName(t.Name); err != nil {
		return err
	}
	if img.Topic(t.Name) != nil {
		return refuse(ErrTopicExists, "Topic '"+t.Name+"' already exists.")
	}
	if Internal(t.Name) && !t.Internal {
		return refuse(ErrInvalidTopic, "Topic '"+t.Name+"' is internal and made by the broker itself.")
	}
	if other, ok := collision(img, t.Name); ok {
		return refuse(ErrTopicCollision, "Topic '"+t.Name+"' collides with existing topic: "+other)
	}
	return nil
}

func (c *Cluster) newConfigs(t NewTopic) (map[string]string, error) {
	var null []string
	configs := make(map[string]string, len(t.Configs))
	for _, name := range slices.Sorted(maps.Keys(t.Configs)) {
		if v := t.Configs[name]; v != nil {
			configs[name] = *v
		} else {
			null = append(null, name)
		}
	}
	if len(null) > 0 {
		return nil, refuse(ErrInvalidConfig, "Null value not supported for topic configs: "+strings.Join(null, ","))
	}
	if c.config.Rules.CheckTopic == nil || len(configs) == 0 {
		return configs, nil
	}
	return configs, judged(c.config.Rules.CheckTopic(configs), ErrInvalidConfig)
}

// judged gives a rule's refusal one of our kinds, unless it has one.
func judged(err, kind error) error {
	if err == nil || errors.Is(err, ErrInvalidConfig) || errors.Is(err, ErrInvalidRequest) {
		return err
	}
	return refuse(kind, err.Error())
}

func (c *Cluster) newPartitions(img *metadata.Image, id metadata.TopicID, t NewTopic,
) ([]metadata.Partition, error) {
	if len(t.Assignment) > 0 {
		return assigned(img, t)
	}
	switch {
	case t.Replication < -1 || t.Replication == 0:
		return nil, refuse(ErrInvalidReplicationFactor,
			"Replication factor must be larger than 0, or -1 to use the default value.")
	case t.Partitions < -1 || t.Partitions == 0:
		return nil, refuse(ErrInvalidPartitions, "Number of partitions was set to an invalid non-positive value.")
	}
	count, factor := t.Partitions, t.Replication
	if count == -1 {
		count = c.config.DefaultPartitions
	}
	if factor == -1 {
		factor = c.config.DefaultReplication
	}
	return c.spread(img, id, 0, count, factor)
}

// spread lays count partitions, the first of which has number first, over the live brokers in turn. The
// id says with which broker a topic begins, so that topics of one partition spread too.
func (c *Cluster) spread(img *metadata.Image, id metadata.TopicID, first, count int32, factor int16,
) ([]metadata.Partition, error) {
	live := len(img.Brokers)
	if int(factor) > live && (c.config.StrictReplication || live == 0) {
		return nil, refuse(ErrInvalidReplicationFactor, fmt.Sprintf("Unable to replicate the partition "+
			"%d time(s): The target replication factor of %d cannot be reached because only %d broker(s) "+
			"are registered.", factor, factor, live))
	}
	copies := min(int(factor), live)
	parts := make([]metadata.Partition, count)
	for i := range parts {
		replicas := make([]int32, copies)
		for r := range replicas {
			replicas[r] = img.Brokers[(int(id[0])+int(first)+i+r)%live].ID
		}
		parts[i] = fresh(replicas)
	}
	return parts, nil
}

func fresh(replicas []int32) metadata.Partition {
	return metadata.Partition{Leader: replicas[0], Replicas: replicas, ISR: slices.Clone(replicas)}
}

// assigned takes the brokers that the client chose for each partition.
func assigned(img *metadata.Image, t NewTopic) ([]metadata.Partition, error) {
	if t.Replication != -1 {
		return nil, refuse(ErrInvalidRequest,
			"A manual partition assignment was specified, but replication factor was not set to -1.")
	}
	if t.Partitions != -1 {
		return nil, refuse(ErrInvalidRequest,
			"A manual partition assignment was specified, but numPartitions was not set to -1.")
	}
	parts := make([]metadata.Partition, len(t.Assignment))
	factor := -1
	for _, n := range slices.Sorted(maps.Keys(t.Assignment)) {
		replicas := t.Assignment[n]
		if err := checkReplicas(img, replicas, factor); err != nil {
			return nil, err
		}
		factor = len(replicas)
		if n >= 0 && int(n) < len(parts) {
			parts[n] = fresh(slices.Clone(replicas))
		}
	}
	for i := range parts {
		if parts[i].Replicas == nil {
			return nil, refuse(ErrInvalidAssignment, "partitions should be a consecutive 0-based integer sequence")
		}
	}
	return parts, nil
}

// checkReplicas judges one partition's brokers; factor is how many the others have, -1 for any number.
func checkReplicas(img *metadata.Image, replicas []int32, factor int) error {
	if len(replicas) == 0 {
		return refuse(ErrInvalidAssignment, "The manual partition assignment includes an empty replica list.")
	}
	sorted := slices.Sorted(slices.Values(replicas))
	for i, id := range sorted {
		if img.Broker(id) == nil {
			return refuse(ErrInvalidAssignment, fmt.Sprintf("The manual partition assignment includes broker %d, "+
				"but no such broker is registered.", id))
		}
		if i > 0 && sorted[i-1] == id {
			return refuse(ErrInvalidAssignment, fmt.Sprintf("The manual partition assignment includes the broker %d "+
				"more than once.", id))
		}
	}
	if factor >= 0 && len(replicas) != factor {
		return refuse(ErrInvalidAssignment, fmt.Sprintf("The manual partition assignment includes a partition "+
			"with %d replica(s), but this is not consistent with previous partitions, which have %d replica(s).",
			len(replicas), factor))
	}
	return nil
}
