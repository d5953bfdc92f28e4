package handlers

import (
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"weir/internal/clock"
	"weir/metadata"
	"weir/partition"
	"weir/protocol"
)

// Fetch (key 1), v4-v18.
//
// Behavior:
//   - The request is merged with its fetch session (KIP-227), every partition is read once, and the answer
//     goes out at once if it holds min.bytes, if anything failed or diverged, or if max.wait is 0. Otherwise
//     one waiter watches all partitions with one deadline, and then everything is read exactly once more.
//   - Limits as in Kafka: partition max bytes, request max bytes (bounded by fetch.max.bytes), and the first
//     partition that has anything gives at least one whole batch whatever the limits (KIP-74).
//   - Records go from the file to the socket; the answer holds references to segments.
//   - A request that claims to be a replica's answers 29 for every partition (B26). There is no preferred
//     read replica.
//
// Version notes: v5 log start offset (a storage error is NOT_LEADER before v6), v7 sessions, v9 leader epoch
// fencing (KIP-320), v10 zstd (76 before, for topics with compression.type=zstd), v12 diverging epochs
// (KIP-595), v13 topic ids (100 for unknown ones), v16 current leader and its address (KIP-951).
func (h *Handlers) serveFetch(c *Conn, r *Request) (Reply, error) {
	f := &fetch{h: h, c: c, version: r.Header.Version}
	if err := protocol.DecodeFetch(f.version, r.Body, &f.request); err != nil {
		return nil, err
	}
	r.Done()
	f.plan, f.failed = h.sessions.begin(f.version, &f.request)
	if f.failed != nil {
		return f, nil
	}
	f.maxBytes = min(f.request.MaxBytes, h.Config.Int32("fetch.max.bytes"))
	f.minBytes = min(f.request.MinBytes, f.maxBytes)
	f.resolve()
	f.read()
	if f.mustPark() {
		f.park()
	}
	return f, nil
}

// fetch is one Fetch request on its way: merged, read, perhaps parked and read again, answered.
type fetch struct {
	h       *Handlers
	c       *Conn
	version int16
	request protocol.FetchRequest

	maxBytes, minBytes int32
	plan               fetchPlan
	failed             error // of the session: answers the whole request
	targets            []fetchTarget

	waiter *partition.Waiter // set while parked
	timer  clock.Timer
	nodes  []protocol.NodeEndpoint
}

// fetchTarget is one partition of the plan (same index), resolved, with what was read of it.
type fetchTarget struct {
	topic      *metadata.Topic      // nil when unknown
	partition  *partition.Partition // nil when err was found before reading
	unreadable error                // found by resolve
	result     partition.ReadResult
	err        error // of the last read
}

func (f *fetch) resolve() {
	image := f.h.Cluster.Image()
	f.targets = make([]fetchTarget, len(f.plan.parts))
	for i := range f.plan.parts {
		t := &f.targets[i]
		t.topic, t.partition, t.unreadable = f.resolveOne(image, f.plan.parts[i].key)
	}
}

func (f *fetch) resolveOne(image *metadata.Image, key fetchKey) (
	*metadata.Topic, *partition.Partition, error,
) {
	topic := image.Topic(key.name)
	name := key.name
	if f.plan.byID {
		if topic = image.TopicByID(key.id); topic == nil {
			return nil, nil, kerr.UnknownTopicID
		}
		name = topic.Name
	}
	switch {
	case f.request.ReplicaID >= 0 && !f.h.allowed(f.c, opClusterAction, clusterResource, clusterName):
		return topic, nil, kerr.TopicAuthorizationFailed
	case !f.h.allowed(f.c, opRead, topicResource, name):
		return topic, nil, kerr.TopicAuthorizationFailed
	case topic != nil && f.version < 10 && f.h.settings.of(image, topic).zstd:
		return topic, nil, kerr.UnsupportedCompressionType
	}
	p, err := f.h.findPartition(topic, key.index)
	return topic, p, err
}

// read reads every partition once, within the limits.
func (f *fetch) read() {
	left := int(max(f.maxBytes, 0))
	minOne := true
	for i := range f.targets {
		t := &f.targets[i]
		if t.partition == nil {
			continue
		}
		want := &f.plan.parts[i].want
		t.result, t.err = t.partition.Read(partition.ReadRequest{
			Offset: want.FetchOffset, MaxBytes: min(int(max(want.MaxBytes, 0)), left), MinOne: minOne,
			Committed:          f.request.IsolationLevel == 1,
			CurrentLeaderEpoch: want.CurrentLeaderEpoch, LastFetchedEpoch: want.LastFetchedEpoch,
		})
		if n := t.result.Len(); t.err == nil && n > 0 {
			minOne = false
			left = max(left-n, 0)
		}
	}
}

// mustPark reports whether there is too little to answer now. Partitions that could not be resolved do not
// count.
func (f *fetch) mustPark() bool {
	if f.request.MaxWaitMs <= 0 {
		return false
	}
	bytes, readable := 0, 0
	for i := range f.targets {
		t := &f.targets[i]
		if t.partition == nil {
			continue
		}
		if t.err != nil || t.result.Diverging != nil {
			return false
		}
		readable++
		bytes += t.result.Len()
	}
	return readable > 0 && bytes < int(f.minBytes)
}

// park lets go of what was read and watches all partitions until min.bytes are there.
func (f *fetch) park() {
	f.waiter = partition.NewWaiter(int(f.minBytes))
	f.timer = f.h.Clock.NewTimer(time.Duration(f.request.MaxWaitMs) * time.Millisecond)
	for i := range f.targets {
		t := &f.targets[i]
		if t.partition == nil {
			continue
		}
		t.result.Release()
		t.result = partition.ReadResult{}
		if f.request.IsolationLevel == 1 {
			t.partition.WatchCommitted(f.waiter, f.plan.parts[i].want.FetchOffset)
		} else {
			t.partition.Watch(f.waiter, f.plan.parts[i].want.FetchOffset)
		}
	}
}

// Ready implements Reply.
func (f *fetch) Ready() bool { return f.waiter == nil }

// Wait implements Reply.
func (f *fetch) Wait(stop <-chan struct{}) {
	if f.waiter == nil {
		return
	}
	select {
	case <-f.waiter.Done():
	case <-f.timer.C():
	case <-stop:
	}
	f.unpark()
	f.read()
}

func (f *fetch) unpark() {
	if f.waiter == nil {
		return
	}
	f.waiter.Close()
	f.timer.Stop()
	f.waiter, f.timer = nil, nil
}

// Encode implements Reply.
func (f *fetch) Encode(dst []byte) []protocol.Part {
	response := protocol.FetchResponse{ErrorCode: f.h.code(f.failed)}
	if f.failed == nil {
		f.respond(&response)
	}
	return protocol.AppendFetchResponse(dst, f.version, &response)
}

func (f *fetch) respond(response *protocol.FetchResponse) {
	told := make([]protocol.FetchPartitionResponse, len(f.targets))
	for i := range f.targets {
		f.tell(i, &told[i])
	}
	if f.plan.open {
		response.SessionID = f.h.sessions.open(f.plan.byID, f.plan.parts, told)
	}
	if f.plan.session != nil {
		response.SessionID = f.plan.session.id
	}
	for i := range told {
		key := f.plan.parts[i].key
		if f.plan.session != nil && !f.plan.session.mustTell(key, &told[i]) {
			continue
		}
		n := len(response.Topics)
		if n == 0 || response.Topics[n-1].Name != key.name || response.Topics[n-1].ID != key.id {
			response.Topics = append(response.Topics, protocol.FetchTopicResponse{Name: key.name, ID: key.id})
			n++
		}
		partitions := &response.Topics[n-1].Partitions
		*partitions = append(*partitions, told[i])
	}
	response.NodeEndpoints = f.nodes
}

// tell makes the answer for one partition.
func (f *fetch) tell(i int, out *protocol.FetchPartitionResponse) {
	t := &f.targets[i]
	out.Index, out.PreferredReadReplica = f.plan.parts[i].key.index, -1
	err := errors.Join(t.unreadable, t.err)
	if err != nil {
		out.ErrorCode = f.h.code(err)
		out.HighWatermark, out.LastStableOffset, out.LogStartOffset = -1, -1, -1
		if t.unreadable != nil {
			out.Aborted = []protocol.AbortedTransaction{} // Kafka has null only where it tried to read
		}
		f.tellLeader(i, out)
		if out.ErrorCode == kerr.KafkaStorageError.Code && f.version <= 5 {
			out.ErrorCode = kerr.NotLeaderForPartition.Code
		}
		return
	}
	out.HighWatermark, out.LastStableOffset = t.result.HighWatermark, t.result.LastStable
	out.LogStartOffset = t.result.LogStart
	if d := t.result.Diverging; d != nil {
		out.Diverging = &protocol.EpochEndOffset{Epoch: d.Epoch, EndOffset: d.End}
	}
	if f.request.IsolationLevel == 1 {
		out.Aborted = make([]protocol.AbortedTransaction, 0, len(t.result.Aborted))
		for _, a := range t.result.Aborted {
			out.Aborted = append(out.Aborted, protocol.AbortedTransaction{
				ProducerID: a.ProducerID, FirstOffset: a.FirstOffset,
			})
		}
	}
	for _, s := range t.result.Slices {
		if s.Len() > 0 {
			out.Records = append(out.Records, s)
		}
	}
}

// tellLeader adds where the partition is led now, for the errors that a move of the leader causes.
func (f *fetch) tellLeader(i int, out *protocol.FetchPartitionResponse) {
	moved := out.ErrorCode == kerr.NotLeaderForPartition.Code || out.ErrorCode == kerr.FencedLeaderEpoch.Code
	topic := f.targets[i].topic
	if f.version < 16 || !moved || topic == nil {
		return
	}
	image := f.h.Cluster.Image()
	p, ok := image.Partition(metadata.PartitionID{Topic: topic.ID, Index: out.Index})
	if !ok {
		return
	}
	leader := f.h.leaderOf(f.c, image, p)
	out.CurrentLeader = &protocol.LeaderIDAndEpoch{LeaderID: leader.id, LeaderEpoch: leader.epoch}
	f.nodes = addNode(f.nodes, leader)
}

// Release implements Reply.
func (f *fetch) Release() {
	f.unpark()
	for i := range f.targets {
		f.targets[i].result.Release()
	}
	f.targets = nil
}
