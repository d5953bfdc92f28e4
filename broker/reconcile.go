package broker

import (
	"context"
	"time"

	"weir/log"
	"weir/metadata"
	"weir/partition"
)

// offsetsTopic is where groups live, stateTopic where transactions do, shareTopic where what share groups have of partitions
// does; their partitions are the shards of their coordinators.
const (
	offsetsTopic = "__consumer_offsets"
	stateTopic   = "__transaction_state"
	shareTopic   = "__share_group_state"
)

// retryOpen is how long the reconcile loop waits before it tries again to open what could not be opened.
const retryOpen = 5 * time.Second

// reconciler makes what runs match the metadata: partitions opened, led, configured and removed, shards of
// coordinators led and left. One goroutine at a time uses it.
type reconciler struct {
	b       *Broker
	topics  map[metadata.TopicID]*metadata.Topic // as applied last; pointers tell changes
	led     map[metadata.PartitionID]int32       // leader epoch of each partition led here
	dynamic dynamicConfigs
}

func newReconciler(b *Broker) *reconciler {
	return &reconciler{
		b:      b,
		topics: make(map[metadata.TopicID]*metadata.Topic),
		led:    make(map[metadata.PartitionID]int32),
	}
}

// run follows the image until the broker or the cluster closes. failed says that the image applied before it
// was not applied whole.
func (r *reconciler) run(changed <-chan struct{}, failed bool) {
	timer := r.b.config.Clock.NewTimer(retryOpen)
	defer timer.Stop()
	for {
		var retry <-chan time.Time
		if failed {
			timer.Reset(retryOpen)
			retry = timer.C()
		}
		select {
		case <-changed:
		case <-retry:
		case <-r.b.stopping:
			return
		case <-r.b.cluster.Done():
			return
		}
		changed = r.b.cluster.Changed()
		failed = r.apply(r.b.cluster.Image())
	}
}

// apply makes what runs match one image and tells the cluster so. It reports whether a partition could not be
// opened. The image counts as applied even then: that partition answers with an error and is tried again, and
// nobody waits for it.
func (r *reconciler) apply(image *metadata.Image) (failed bool) {
	r.b.groups.SetImage(image)
	r.b.txns.SetImage(image)
	r.b.shares.SetImage(image)
	configured := r.dynamic.changed(image, r.b.id)
	if configured {
		r.b.directory.SetCompaction(r.b.settings.compaction(image))
	}
	present := make(map[metadata.TopicID]bool, len(r.topics))
	var wanted []opening
	for _, topic := range image.Topics() {
		present[topic.ID] = true
		if r.topics[topic.ID] != topic || configured {
			wanted = append(wanted, r.applyTopic(image, topic)...)
		}
	}
	for id, topic := range r.topics {
		if !present[id] {
			r.remove(topic)
		}
	}
	for _, o := range r.b.openAll(wanted) {
		if o.partition == nil {
			failed = true
			delete(r.topics, o.topic.ID) // so that the next round looks at it again
			continue
		}
		r.b.partitions.Put(o.partition)
		r.lead(o.topic, o.index, o.partition, o.epoch)
	}
	r.b.cluster.Applied(image.Revision)
	return failed
}

// applyTopic brings the open partitions of a topic in line and returns those that are to be opened.
func (r *reconciler) applyTopic(image *metadata.Image, topic *metadata.Topic) []opening {
	r.topics[topic.ID] = topic
	config, dedup := r.b.settings.logConfig(image, topic), r.b.settings.dedup(image, topic)
	expires := expiryMs(topic) > 0
	var wanted []opening
	for i, want := range topic.Partitions {
		id := metadata.PartitionID{Topic: topic.ID, Index: int32(i)}
		p, err := r.b.partitions.Get(id)
		if err != nil {
			if want.Leader == r.b.id {
				o := opening{topic: topic, index: int32(i), epoch: want.LeaderEpoch, config: config, dedup: dedup,
					expires: expires}
				wanted = append(wanted, o)
			}
			continue
		}
		p.SetConfig(config)
		p.SetDedup(dedup)
		p.TrackUse(expires)
		epoch, leading := r.led[id]
		if leading && (want.Leader != r.b.id || epoch != want.LeaderEpoch) {
			r.resign(topic, int32(i), p)
			leading = false
		}
		if !leading && want.Leader == r.b.id {
			p.BecomeLeader(want.LeaderEpoch)
			r.lead(topic, int32(i), p, want.LeaderEpoch)
		}
	}
	return wanted
}

// lead notes that p leads from now on, and starts its shard if it is one of a coordinator.
func (r *reconciler) lead(topic *metadata.Topic, index int32, p *partition.Partition, epoch int32) {
	r.led[p.ID()] = epoch
	switch topic.Name {
	case offsetsTopic:
		r.b.groups.BecomeLeader(index, p)
	case stateTopic:
		r.b.txns.BecomeLeader(index, p)
	case shareTopic:
		r.b.shares.BecomeLeader(index, p)
	}
}

// resign ends the leadership of p: first what stands on it, then its own.
func (r *reconciler) resign(topic *metadata.Topic, index int32, p *partition.Partition) {
	delete(r.led, p.ID())
	switch topic.Name {
	case offsetsTopic:
		r.b.groups.Resign(index)
	case stateTopic:
		r.b.txns.Resign(index)
	case shareTopic:
		r.b.shares.Resign(index)
	}
	p.Resign()
}

// remove takes a deleted topic out of service and deletes its files and its groups' offsets.
func (r *reconciler) remove(topic *metadata.Topic) {
	delete(r.topics, topic.ID)
	for i := range topic.Partitions {
		id := metadata.PartitionID{Topic: topic.ID, Index: int32(i)}
		p := r.b.partitions.Remove(id)
		if p == nil {
			continue
		}
		r.resign(topic, int32(i), p)
		if err := r.b.directory.Delete(id); err != nil {
			r.b.config.Logger.Error("delete partition", "topic", topic.Name, "partition", i, "error", err)
		}
	}
	r.b.groups.TopicDeleted(topic.Name) // durable in its own time; nobody waits for it
	go r.b.forgetShares(context.Background())
	r.b.config.Logger.Info("topic deleted", "topic", topic.Name, "id", topic.ID.String())
}

// opening is a partition that is to be opened, and then the open one.
type opening struct {
	topic     *metadata.Topic
	index     int32
	epoch     int32
	config    log.Config
	dedup     partition.DedupConfig
	expires   bool                 // when nobody uses it
	partition *partition.Partition // nil when it could not be opened
}
