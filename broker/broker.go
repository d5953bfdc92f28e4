// Package broker is the composition root: it maps the settings to the rooms, opens the rooms bottom-up, keeps
// what runs in line with the metadata, and closes the rooms top-down.
//
// A broker keeps everything in one data directory (the first of log.dirs): the metadata store meta.db, and
// one directory per partition, named by topic id. Several brokers can run in one process; they share nothing.
package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path"
	"sync"
	"time"

	httpadmin "weir/admin" // the tests have an admin of their own
	"weir/cluster"
	"weir/config"
	"weir/groups"
	"weir/handlers"
	"weir/internal/clock"
	"weir/log"
	"weir/partition"
	"weir/server"
	"weir/share"
	"weir/txn"
	"weir/vfs"
)

// Config is what a broker is made of. Only Values is needed.
type Config struct {
	Values *config.Values
	FS     vfs.FS            // the machine's file system when nil
	Store  cluster.MetaStore // meta.db in the data directory when nil; one given is not closed
	Clock  clock.Clock       // the machine's clock when nil
	Logger *slog.Logger      // discards when nil
	// Version is the program's version, for the start line.
	Version string
}

// metaFile is the metadata store's name in the data directory.
const metaFile = "meta.db"

// gatherLimit is the longest that one of many small appends waits for the others: a few syncs of a fast disk.
const gatherLimit = time.Millisecond

// Broker is a running broker. Its rooms are listed in the order in which they are opened.
type Broker struct {
	config   Config
	settings *settings
	id       int32
	dir      string

	store      cluster.MetaStore
	server     *server.Server // listens from the start, accepts at the end
	cluster    *cluster.Cluster
	directory  *log.Directory
	syncer     *partition.SyncCommitter
	committer  *partition.PageCacheCommitter
	partitions *partition.Set
	groups     *groups.Service
	txns       *txn.Service
	shares     *share.Service
	handlers   *handlers.Handlers
	door       *httpadmin.Door // nil without weir.http.listener
	schedule   *schedule

	stopping   chan struct{} // closed when Close begins to stop the rooms below the server
	reconciled chan struct{} // closed when the reconcile loop has ended; nil before it began
	closeOnce  sync.Once
	closeErr   error
}

// Open starts a broker and returns when it is ready to serve: all its partitions are open and its listeners
// accept. On failure everything that was opened is closed again.
func Open(ctx context.Context, c Config) (*Broker, error) {
	if c.FS == nil {
		c.FS = vfs.OS()
	}
	if c.Clock == nil {
		c.Clock = clock.Real()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	began := c.Clock.Now()
	s, err := newSettings(c.Values)
	if err != nil {
		return nil, fmt.Errorf("open broker: %w", err)
	}
	b := &Broker{config: c, settings: s, id: s.brokerID, dir: s.dataDir, stopping: make(chan struct{})}
	steps := []func(context.Context) error{b.openStore, b.openCluster, b.openLogs, b.openHandlers, b.openDoor}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.shutdownTimeout)
			defer cancel()
			return nil, fmt.Errorf("open broker: %w", errors.Join(err, b.Close(closing)))
		}
	}
	b.start()
	b.announce(c.Clock.Since(began))
	return b, nil
}

// openStore makes the data directory and opens the metadata, which locks it against other processes.
func (b *Broker) openStore(context.Context) error {
	if err := vfs.MakeDirs(b.config.FS, b.dir); err != nil {
		return fmt.Errorf("make data directory %s: %w", b.dir, err)
	}
	b.store = b.config.Store
	if b.store != nil {
		return nil
	}
	store, err := cluster.OpenBolt(path.Join(b.dir, metaFile))
	if err != nil {
		return fmt.Errorf("open metadata: %w", err)
	}
	b.store = store
	return nil
}

// openCluster binds the listeners, so that their ports are known, and registers this incarnation of the
// broker.
func (b *Broker) openCluster(ctx context.Context) error {
	sc := b.settings.server
	sc.Clock, sc.Logger = b.config.Clock, b.config.Logger
	var err error
	if b.server, err = server.Listen(sc); err != nil {
		return fmt.Errorf("open server: %w", err)
	}
	cc := b.settings.cluster
	cc.Exclusive = b.config.Store == nil // the file meta.db is this broker's alone
	cc.Endpoints = endpoints(sc.Listeners, b.settings.advertised, b.server.Addr)
	if b.cluster, err = cluster.Open(ctx, b.store, cc, b.config.Clock, b.config.Logger); err != nil {
		return fmt.Errorf("open cluster: %w", err)
	}
	return nil
}

// openLogs opens the data directory and everything that works on it, and all partitions.
func (b *Broker) openLogs(context.Context) error {
	dc := b.settings.directory
	dc.BrokerEpoch = b.cluster.Image().BrokerEpoch
	dc.Compaction = b.settings.compaction(b.cluster.Image())
	directory, err := log.OpenDirectory(b.config.FS, b.dir, dc, b.config.Clock, b.config.Logger)
	if err != nil {
		return fmt.Errorf("open data directory: %w", err)
	}
	b.directory = directory
	b.syncer = partition.NewSyncCommitter(partition.SyncConfig{Gather: gatherLimit}, b.config.Clock)
	b.committer = partition.NewPageCacheCommitter(b.syncer, b.config.Clock)
	b.partitions = partition.NewSet()
	gc := b.settings.groups
	if topic := b.cluster.Image().Topic(offsetsTopic); topic != nil {
		gc.OffsetsPartitions = int32(len(topic.Partitions))
	}
	b.groups = groups.New(gc, b.config.Clock, b.config.Logger)
	tc := b.settings.txns
	if topic := b.cluster.Image().Topic(stateTopic); topic != nil {
		tc.StatePartitions = int32(len(topic.Partitions))
	}
	b.txns = txn.New(tc, b.partitions, b.config.Clock, b.config.Logger)
	sc := b.settings.shares
	if topic := b.cluster.Image().Topic(shareTopic); topic != nil {
		sc.StatePartitions = int32(len(topic.Partitions))
	}
	b.shares = share.New(sc, b.partitions, b.config.Clock, b.config.Logger)
	return nil
}

// openHandlers makes the handlers, brings everything in line with the metadata once, and keeps it so.
func (b *Broker) openHandlers(context.Context) error {
	b.handlers = handlers.New(handlers.Deps{
		BrokerID: b.id, Config: b.config.Values, Cluster: b.cluster, Partitions: b.partitions,
		Groups: b.groups, Txns: b.txns, Shares: b.shares, Directory: b.directory, Clock: b.config.Clock, Logger: b.config.Logger,
	})
	r := newReconciler(b)
	changed := b.cluster.Changed()
	failed := r.apply(b.cluster.Image())
	b.reconciled = make(chan struct{})
	go func() {
		defer close(b.reconciled)
		r.run(changed, failed)
	}()
	return nil
}

// openDoor binds the port for HTTP, if there is to be one.
func (b *Broker) openDoor(context.Context) error {
	if b.settings.admin.Address == "" {
		return nil
	}
	door, err := httpadmin.Listen(b.settings.admin, httpadmin.Deps{
		Handlers: b.handlers, Shares: b.shares, Groups: b.groups, Partitions: b.partitions, Cluster: b.cluster,
		Clock: b.config.Clock, Logger: b.config.Logger,
	})
	if err != nil {
		return fmt.Errorf("open weir.http.listener: %w", err)
	}
	b.door = door
	return nil
}

// start begins the periodic work and accepts connections.
func (b *Broker) start() {
	b.schedule = newSchedule(b.config.Clock, b.config.Logger)
	b.schedule.every(b.settings.retentionInterval, "retention", b.retain)
	b.schedule.every(b.settings.retentionInterval, "share state", b.forgetShares)
	b.schedule.every(idleCheck, "idle topics", b.expireTopics)
	b.server.Start(b.handlers.Serve)
	if b.door != nil {
		b.door.Start()
	}
}

// retain deletes what retention no longer keeps, partition by partition.
func (b *Broker) retain(ctx context.Context) {
	for _, p := range b.partitions.All() {
		if ctx.Err() != nil {
			return
		}
		deleted, err := p.Retain()
		switch {
		case errors.Is(err, log.ErrOffline) || errors.Is(err, log.ErrClosed): // told before, or deleted
		case err != nil:
			b.config.Logger.Error("retain partition", "partition", p.ID().String(), "error", err)
		case deleted > 0:
			b.config.Logger.Info("segments deleted by retention", "partition", p.ID().String(),
				"segments", deleted)
		}
	}
}

// forgetShares drops what share groups have of topics that are gone. What a crash leaves behind the next round finds.
func (b *Broker) forgetShares(context.Context) {
	keys, err := b.shares.Keys("").Result()
	if err != nil { // a shard is loading
		return
	}
	image := b.cluster.Image()
	for _, key := range keys {
		if image.TopicByID(key.Topic) == nil {
			b.shares.Delete(key) // durable in its own time
		}
	}
}

// Addr returns the address that a listener is bound to, nil when there is none of that name.
func (b *Broker) Addr(listener string) net.Addr { return b.server.Addr(listener) }

// HTTPAddr returns the address that the HTTP door is bound to, nil when there is none.
func (b *Broker) HTTPAddr() net.Addr {
	if b.door == nil {
		return nil
	}
	return b.door.Addr()
}

// Done is closed when the broker can no longer follow its metadata and must be closed; Err says why.
func (b *Broker) Done() <-chan struct{} { return b.cluster.Done() }

// Err is why Done was closed.
func (b *Broker) Err() error { return b.cluster.Err() }

// syncProbes is how often the start line's sync time is measured; the median is told.
const syncProbes = 3

// announce writes the one line that says what was started.
func (b *Broker) announce(took time.Duration) {
	syncTime := "unknown"
	if times, err := b.directory.MeasureSync(syncProbes); err == nil && len(times) > 0 {
		syncTime = median(times).Round(time.Microsecond).String()
	}
	var listening []string
	for _, l := range b.settings.server.Listeners {
		listening = append(listening, l.Name+"://"+b.Addr(l.Name).String())
	}
	if b.door != nil {
		listening = append(listening, "http://"+b.door.Addr().String())
	}
	image := b.cluster.Image()
	b.config.Logger.Info("weir is ready", "version", b.config.Version, "listeners", listening, "dir", b.dir,
		"durability", b.settings.durability, "fsync", syncTime, "broker", b.id, "cluster", image.ClusterID,
		"topics", len(image.Topics()), "partitions", image.PartitionCount(), "clean", b.directory.WasClean(),
		"took", took.Round(time.Millisecond/10).String())
}
