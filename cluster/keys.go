package cluster

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"weir/metadata"
)

// The keys of the metadata store (docs/format/meta.md). Names of groups are chosen by clients and stand
// at the end of their keys, so that no character in them matters.
const (
	clusterKey   = "/cluster"
	featuresKey  = "/features"
	pidKey       = "/pid/next"
	brokersPart  = "/brokers/"
	topicsPart   = "/topics/"
	namesPart    = "/names/"
	partsPart    = "/parts/"
	topicConfig  = "/config/topic/"
	brokerConfig = "/config/broker/"
	groupConfig  = "/config/group/"
	// everyBroker stands for the id where settings are for all brokers.
	everyBroker = "default"
)

func topicKey(id metadata.TopicID) string       { return topicsPart + id.String() }
func nameKey(name string) string                { return namesPart + name }
func topicConfigKey(id metadata.TopicID) string { return topicConfig + id.String() }
func brokerKey(id int32) string                 { return brokersPart + strconv.Itoa(int(id)) }

func partKey(id metadata.TopicID, n int32) string {
	return partsPart + id.String() + "/" + strconv.Itoa(int(n))
}

func brokerConfigKey(id int32) string {
	if id == metadata.DefaultBroker {
		return brokerConfig + everyBroker
	}
	return brokerConfig + strconv.Itoa(int(id))
}

// The records under the keys, as JSON. V is the record's own format version.
type (
	clusterRecord struct {
		V  int    `json:"v"`
		ID string `json:"id"`
	}
	featuresRecord struct {
		V      int              `json:"v"`
		Epoch  int64            `json:"epoch"`
		Levels map[string]int16 `json:"levels"`
	}
	brokerRecord struct {
		V         int                 `json:"v"`
		Epoch     int64               `json:"epoch"`
		Rack      string              `json:"rack,omitempty"`
		Endpoints []metadata.Endpoint `json:"endpoints"`
	}
	topicRecord struct {
		V          int    `json:"v"`
		Name       string `json:"name"`
		Partitions int32  `json:"partitions"`
		Internal   bool   `json:"internal,omitempty"`
	}
	nameRecord struct {
		V  int    `json:"v"`
		ID string `json:"id"`
	}
	partRecord struct {
		V              int     `json:"v"`
		Leader         int32   `json:"leader"`
		LeaderEpoch    int32   `json:"leaderEpoch"`
		PartitionEpoch int32   `json:"partitionEpoch"`
		Replicas       []int32 `json:"replicas"`
		ISR            []int32 `json:"isr"`
	}
	configRecord struct {
		V      int               `json:"v"`
		Values map[string]string `json:"values"`
	}
	pidRecord struct {
		V    int   `json:"v"`
		Next int64 `json:"next"`
	}
)

// recordVersion is the version of every record so far.
const recordVersion = 1

// encode cannot fail: the records hold nothing that JSON has no form for.
func encode(record any) []byte {
	b, err := json.Marshal(record)
	if err != nil {
		panic("BUG: encode metadata record: " + err.Error())
	}
	return b
}

// decode reads a record; version gives the V it read.
func decode(kv KV, record any, version *int) error {
	if err := json.Unmarshal(kv.Value, record); err != nil {
		return fmt.Errorf("%w: record %s: %w", ErrDamaged, kv.Key, err)
	}
	if *version != recordVersion {
		return fmt.Errorf("%w: record %s has version %d, this program reads %d",
			ErrDamaged, kv.Key, *version, recordVersion)
	}
	return nil
}

// parsePartKey reads a key of partsPart.
func parsePartKey(key string) (metadata.PartitionID, error) {
	text, ok := strings.CutPrefix(key, partsPart)
	topic, index, ok2 := strings.Cut(text, "/")
	if !ok || !ok2 {
		return metadata.PartitionID{}, fmt.Errorf("%w: key %q", ErrDamaged, key)
	}
	id, err := metadata.ParsePartitionID(topic + "-" + index)
	if err != nil {
		return metadata.PartitionID{}, fmt.Errorf("%w: key %q: %w", ErrDamaged, key, err)
	}
	return id, nil
}

// parseTopicKey reads a key that ends in a topic id.
func parseTopicKey(key, prefix string) (metadata.TopicID, error) {
	id, err := metadata.ParseTopicID(strings.TrimPrefix(key, prefix))
	if err != nil {
		return id, fmt.Errorf("%w: key %q: %w", ErrDamaged, key, err)
	}
	return id, nil
}

// parseBrokerKey reads a key that ends in a broker id or everyBroker.
func parseBrokerKey(key, prefix string) (int32, error) {
	text := strings.TrimPrefix(key, prefix)
	if text == everyBroker {
		return metadata.DefaultBroker, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%w: key %q", ErrDamaged, key)
	}
	return int32(n), nil
}
