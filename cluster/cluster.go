// Package cluster decides which metadata is true: which brokers live, which topics exist, who leads what,
// and with which settings.
//
// Every change is a compare-and-set transaction on a MetaStore; what the rest of the broker sees is the
// image that a watch on the same store builds, in one process as in many. Validation follows Apache
// Kafka's controller (ReplicationControlManager, ConfigurationControlManager), message by message.
package cluster

import (
	"context"
	"log/slog"

	"weir/internal/clock"
	"weir/metadata"
)

// Config is what the cluster needs to know of this broker and of the rules.
type Config struct {
	ClusterID string // "" draws one at the first start; later starts must give the same or ""
	BrokerID  int32
	Rack      string
	Endpoints []metadata.Endpoint

	DefaultPartitions  int32 // num.partitions
	DefaultReplication int16 // default.replication.factor
	// StrictReplication refuses a replication factor above the number of brokers, as Kafka does,
	// instead of lowering it to that number.
	StrictReplication bool

	Features map[string]int16 // finalised feature levels, written at the first start
	Rules    Rules

	// SelfApplied lets a published image count as applied: for tools and tests where no broker
	// reconciles what runs and calls Applied.
	SelfApplied bool
}

// Rules judge settings. The checks get all settings that the resource would have after a change and
// return an error that wraps ErrInvalidConfig or ErrInvalidRequest, or any other, which then counts as
// ErrInvalidConfig. A nil rule accepts everything.
type Rules struct {
	CheckTopic  func(configs map[string]string) error
	CheckBroker func(configs map[string]string, clusterWide bool) error
	CheckGroup  func(configs map[string]string) error
	// List reports whether a setting is a list, which APPEND and SUBTRACT need, and its default.
	List func(kind ResourceKind, name string) (def string, ok bool)
}

// Cluster is one broker's part in the cluster.
type Cluster struct{}

// Open loads the metadata, registers this broker as a new incarnation (its broker epoch and the leader
// epoch of each partition that it leads rise by one) and starts to follow the store. The cluster does
// not close the store.
func Open(ctx context.Context, store MetaStore, c Config, clk clock.Clock, lg *slog.Logger) (*Cluster, error) {
	panic("unwritten")
}

// Close stops following the store. Waiting calls return ErrClosed.
func (c *Cluster) Close() error { panic("unwritten") }

// Image is the newest image. It is never nil.
func (c *Cluster) Image() *metadata.Image { panic("unwritten") }

// Changed returns a channel that is closed when the next image replaces the present one. Take it before
// reading Image, or a change in between is missed.
func (c *Cluster) Changed() <-chan struct{} { panic("unwritten") }

// Applied says that what runs matches the image of that revision: calls that wait for it return.
func (c *Cluster) Applied(rev int64) { panic("unwritten") }

// Done is closed when the cluster no longer follows the store; Err then says why (nil after Close).
func (c *Cluster) Done() <-chan struct{} { panic("unwritten") }

// Err is why the cluster stopped following the store.
func (c *Cluster) Err() error { panic("unwritten") }

// NewTopic is a topic to be created.
type NewTopic struct {
	Name        string
	Partitions  int32              // -1 for the default
	Replication int16              // -1 for the default
	Assignment  map[int32][]int32  // partition to brokers; then Partitions and Replication must be -1
	Configs     map[string]*string // a nil value is refused
}

// TopicResult is the outcome for one topic of a request.
type TopicResult struct {
	Name  string
	Topic *metadata.Topic // as it is now (created, grown) or was (deleted); nil on error
	Err   error
}

// CreateTopics creates topics, each for itself, in the order given; results stand in the same order.
func (c *Cluster) CreateTopics(ctx context.Context, topics []NewTopic, validateOnly bool) []TopicResult {
	panic("unwritten")
}

// TopicRef names a topic by name or, when Name is "", by id.
type TopicRef struct {
	Name string
	ID   metadata.TopicID
}

// DeleteTopics deletes topics; results stand in the order of refs.
func (c *Cluster) DeleteTopics(ctx context.Context, refs []TopicRef) []TopicResult {
	panic("unwritten")
}

// NewPartitions asks for a topic to grow to Count partitions.
type NewPartitions struct {
	Name       string
	Count      int32
	Assignment [][]int32 // brokers of each partition added; nil lets the cluster choose
}

// CreatePartitions adds partitions to topics; results stand in the same order.
func (c *Cluster) CreatePartitions(ctx context.Context, topics []NewPartitions, validateOnly bool,
) []TopicResult {
	panic("unwritten")
}

// ResourceKind says what a setting belongs to.
type ResourceKind int8

// The kinds of resource that have settings.
const (
	TopicResource ResourceKind = iota + 1
	BrokerResource
	GroupResource
)

// OpKind is what an incremental change does with a setting (KIP-339); the values are the protocol's.
type OpKind int8

// The kinds of incremental change.
const (
	OpSet OpKind = iota
	OpDelete
	OpAppend
	OpSubtract
)

// ConfigOp is one change to one setting. A nil Value is refused unless the op deletes.
type ConfigOp struct {
	Name  string
	Kind  OpKind
	Value *string
}

// ConfigChange changes the settings of one resource. The name of a broker resource is its id as text, or
// "" for all brokers.
type ConfigChange struct {
	Kind    ResourceKind
	Name    string
	Ops     []ConfigOp
	Replace bool // the ops, all OpSet, are the whole new set of settings (legacy AlterConfigs)
}

// AlterConfigs applies changes, each resource all or nothing; errors stand in the order of changes.
func (c *Cluster) AlterConfigs(ctx context.Context, changes []ConfigChange, validateOnly bool) []error {
	panic("unwritten")
}

// NextProducerID hands out a producer id that no broker of the cluster hands out again. It takes blocks
// of ProducerIDBlock from the store.
func (c *Cluster) NextProducerID(ctx context.Context) (int64, error) { panic("unwritten") }

// ProducerIDBlock is how many producer ids a broker reserves at a time, as in Kafka.
const ProducerIDBlock = 1000

// OpenBolt opens the metadata file at path, making it when there is none.
func OpenBolt(path string) (MetaStore, error) { panic("unwritten") }

// MemStore is a MetaStore in memory.
type MemStore struct{ MetaStore }

// NewMemStore makes an empty store.
func NewMemStore() *MemStore { panic("unwritten") }

// Snapshot returns an independent store with the same content, as a crash at this moment would leave it.
func (m *MemStore) Snapshot() *MemStore { panic("unwritten") }
