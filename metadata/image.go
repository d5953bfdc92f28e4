// Package metadata holds the image: what the cluster consists of at one revision of the metadata store.
//
// An Image never changes. Whoever reads it keeps a pointer and needs no lock; whoever changes it makes a
// new one through a Draft, which shares all that stays the same. Nothing here touches a disk or a wire.
package metadata

import (
	"maps"
	"slices"
)

// Image is the state of the cluster at one revision. It is immutable: neither its fields nor anything
// reached through them (slices, maps, topics) may be modified by anyone.
type Image struct {
	// Revision is the metadata store's revision that this image shows.
	Revision int64
	// ClusterID is the cluster's name for clients, drawn at the first start.
	ClusterID string
	// ControllerID is the broker that answers admin requests, -1 when there is none.
	ControllerID int32
	// BrokerID is the broker that holds this image, BrokerEpoch the number of this incarnation of it.
	BrokerID    int32
	BrokerEpoch int64
	// Brokers are the brokers alive, by ascending id.
	Brokers []Broker
	// Features holds the finalised level of each feature (KIP-584); FeaturesEpoch rises with each change.
	Features      map[string]int16
	FeaturesEpoch int64

	names  shards[string, *Topic]
	ids    shards[TopicID, *Topic]
	sorted []*Topic // by name

	brokerConfigs map[int32]map[string]string // DefaultBroker holds the cluster-wide defaults
	groupConfigs  map[string]map[string]string
}

// DefaultBroker stands for "every broker" where a broker id names a configuration.
const DefaultBroker int32 = -1

// Broker is one live broker.
type Broker struct {
	ID        int32
	Rack      string // "" for none
	Endpoints []Endpoint
}

// Endpoint is where one listener of a broker can be reached by clients.
type Endpoint struct {
	Listener string // the listener's name, upper case
	Host     string
	Port     int32
}

// Topic is one topic with its partitions, indexed by partition number.
type Topic struct {
	ID         TopicID
	Name       string
	Internal   bool // __consumer_offsets and its like: clients may not write to it
	Partitions []Partition
	Configs    map[string]string // overrides only
}

// Partition is who holds one partition.
type Partition struct {
	Leader         int32 // broker id, -1 when there is none
	LeaderEpoch    int32 // rises with each change of leader and each restart of the leader
	PartitionEpoch int32 // rises with each change of this record
	Replicas       []int32
	ISR            []int32
}

// Empty is the image before anything is known.
func Empty() *Image { return &Image{ControllerID: -1, BrokerID: -1, BrokerEpoch: -1} }

// Topic returns the topic of that name, nil when there is none.
func (i *Image) Topic(name string) *Topic { return i.names.get(hashName(name), name) }

// TopicByID returns the topic with that id, nil when there is none.
func (i *Image) TopicByID(id TopicID) *Topic { return i.ids.get(hashID(id), id) }

// Topics returns all topics by ascending name. The slice is shared: it must not be modified.
func (i *Image) Topics() []*Topic { return i.sorted }

// PartitionCount is the number of partitions of all topics.
func (i *Image) PartitionCount() int {
	n := 0
	for _, t := range i.sorted {
		n += len(t.Partitions)
	}
	return n
}

// Partition returns the partition's record; false when the topic or the partition does not exist.
func (i *Image) Partition(id PartitionID) (Partition, bool) {
	t := i.TopicByID(id.Topic)
	if t == nil || id.Index < 0 || int(id.Index) >= len(t.Partitions) {
		return Partition{}, false
	}
	return t.Partitions[id.Index], true
}

// Broker returns the live broker with that id, nil when there is none.
func (i *Image) Broker(id int32) *Broker {
	at, ok := slices.BinarySearchFunc(i.Brokers, id, func(b Broker, id int32) int { return int(b.ID) - int(id) })
	if !ok {
		return nil
	}
	return &i.Brokers[at]
}

// Endpoint returns the broker's endpoint for a listener, false when it has none of that name.
func (b *Broker) Endpoint(listener string) (Endpoint, bool) {
	for _, e := range b.Endpoints {
		if e.Listener == listener {
			return e, true
		}
	}
	return Endpoint{}, false
}

// BrokerConfig returns the dynamic settings of one broker, or the cluster-wide ones for DefaultBroker.
// The map is shared: it must not be modified.
func (i *Image) BrokerConfig(id int32) map[string]string { return i.brokerConfigs[id] }

// BrokerConfigIDs returns the ids of the brokers that have dynamic settings, DefaultBroker included.
func (i *Image) BrokerConfigIDs() []int32 { return slices.Sorted(maps.Keys(i.brokerConfigs)) }

// GroupConfig returns the settings of a group; nil when it has none. The map must not be modified.
func (i *Image) GroupConfig(group string) map[string]string { return i.groupConfigs[group] }

// GroupConfigNames returns, sorted, the groups that have settings.
func (i *Image) GroupConfigNames() []string { return slices.Sorted(maps.Keys(i.groupConfigs)) }
