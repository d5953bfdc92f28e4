// Package cluster decides which metadata is true: which brokers live, which topics exist, who leads what,
// and with which settings.
//
// Every change is a compare-and-set transaction on a MetaStore; what the rest of the broker sees is the
// image that a watch on the same store builds, in one process as in many. Validation follows Apache
// Kafka's controller (ReplicationControlManager, ConfigurationControlManager), message by message.
package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

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

	Features []Feature // what this broker understands; each is finalized at its highest level at the first start
	Rules    Rules

	// Exclusive says that no other broker uses the store: what a crash left half done may be tidied up,
	// and data that belongs to another broker id is refused.
	Exclusive bool
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
	// List reports whether a setting exists, whether it is a list, which APPEND and SUBTRACT need, and
	// what the list is when it is not set.
	List func(kind ResourceKind, name string) (def string, isList, known bool)
}

// Cluster is one broker's part in the cluster.
type Cluster struct {
	store  MetaStore
	config Config
	lg     *slog.Logger

	// admin serialises the changes that this broker makes, so that each is judged against the image
	// that shows the one before. It is held over transactions of the store, never while waiting for
	// what runs to follow.
	admin sync.Mutex
	// pids guards the block of producer ids.
	pids struct {
		sync.Mutex
		next, end int64
	}

	image   level[*metadata.Image]
	applied level[int64]

	stop context.CancelFunc
	done chan struct{} // closed when the follower ends; err is set before
	err  error
}

// Open loads the metadata, registers this broker as a new incarnation (its broker epoch and the leader
// epoch of each partition that it leads rise by one) and starts to follow the store. The cluster does
// not close the store.
func Open(ctx context.Context, store MetaStore, c Config, _ clock.Clock, lg *slog.Logger,
) (*Cluster, error) {
	cl := &Cluster{store: store, config: c, lg: lg, done: make(chan struct{})}
	cl.config.DefaultPartitions = max(c.DefaultPartitions, 1)
	cl.config.DefaultReplication = max(c.DefaultReplication, 1)
	cl.image.init(metadata.Empty())
	cl.applied.init(-1)
	if err := cl.register(ctx); err != nil {
		return nil, fmt.Errorf("register broker %d: %w", c.BrokerID, err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	cl.stop = stop
	m, events, err := cl.load(running)
	if err != nil {
		stop()
		return nil, fmt.Errorf("load metadata: %w", err)
	}
	go cl.follow(running, m, events)
	return cl, nil
}

// Close stops following the store. Waiting calls return ErrClosed.
func (c *Cluster) Close() error {
	c.stop()
	<-c.done
	return nil
}

// Image is the newest image. It is never nil.
func (c *Cluster) Image() *metadata.Image { return c.image.get() }

// Changed returns a channel that is closed when the next image replaces the present one. Take it before
// reading Image, or a change in between is missed.
func (c *Cluster) Changed() <-chan struct{} { return c.image.changed() }

// Applied says that what runs matches the image of that revision: calls that wait for it return.
func (c *Cluster) Applied(rev int64) { c.applied.raise(rev, func(old int64) bool { return old < rev }) }

// Done is closed when the cluster no longer follows the store; Err then says why (nil after Close).
func (c *Cluster) Done() <-chan struct{} { return c.done }

// Err is why the cluster stopped following the store. It may be asked once Done is closed.
func (c *Cluster) Err() error {
	<-c.done
	return c.err
}
