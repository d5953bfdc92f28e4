package handlers

import (
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/internal/clock"
	"weir/metadata"
	"weir/protocol"
	"weir/share"
)

// ShareFetch (key 78), v1-v2.
//
// Behavior:
//   - A member of a share group acquires records (KIP-932), and settles those that it has with the same request. The
//     request is merged with the member's share session, the acknowledgements are handed over, then records are acquired:
//     at once if there are min.bytes of them, else when there are or max.wait is over. Partitions take turns to be first.
//   - Records go from the file to the socket, as in Fetch.
//   - Epoch 0 opens a session and may not acknowledge (42), -1 acknowledges and ends it: what the member holds is
//     available again. No session 122, another epoch 123, too many sessions 133 after max.wait. A session ends with its
//     connection.
//   - Partitions that the group does not read, as it is known to the group's coordinator, answer -1.
//   - The first answer names every partition, later ones those with records, an error or an acknowledgement.
//   - While share.version is at level 0 every request answers 35.
//   - Acknowledgements are judged by partition: badly formed 42, records that the member does not hold 121, and then none of
//     the partition's count.
//
// Version notes: v2 acquire mode (KIP-1206), renewal (KIP-1222): a request that renews fetches nothing and has 0 in all
// limits.
func (h *Handlers) serveShareFetch(c *Conn, r *Request) (Reply, error) {
	f := &shareFetch{h: h, c: c, version: r.Header.Version}
	if err := decode(r, &f.request); err != nil {
		return nil, err
	}
	f.err = f.begin()
	return f, nil
}

// shareFetch is one ShareFetch request on its way: merged with its session, its acknowledgements handed over; what it acquires
// is acquired when its turn to be answered has come.
type shareFetch struct {
	h       *Handlers
	c       *Conn
	version int16
	request kmsg.ShareFetchRequest
	key     shareKey

	err     error           // answers the whole request
	timer   clock.Timer     // set when err is told late
	session *shareSession   // nil with an error
	failed  []share.Fetched // partitions that need not be asked
	fetch   share.FetchRequest
	fetched []share.Fetched
	gone    bool             // the connection went away before all was durable
	acks    *acknowledgement // nil without any
}

// begin checks the request, finds its session and hands its acknowledgements over.
func (f *shareFetch) begin() error {
	req := &f.request
	var err error
	if f.key, err = f.h.shareMember(f.c, req.GroupID, req.MemberID); err != nil {
		return err
	}
	if err := f.checkMode(); err != nil {
		return err
	}
	image := f.h.Cluster.Image()
	acknowledges := slices.ContainsFunc(req.Topics, func(t kmsg.ShareFetchRequestTopic) bool {
		return slices.ContainsFunc(t.Partitions, func(p kmsg.ShareFetchRequestTopicPartition) bool {
			return len(p.AcknowledgementBatches) > 0
		})
	})
	switch req.ShareSessionEpoch {
	case initialEpoch:
		err = f.open(image, acknowledges)
	case finalEpoch:
		f.session, err = f.h.shares.find(f.key)
	default:
		f.session, err = f.h.shares.next(f.key, req.ShareSessionEpoch, f.wanted(image), f.forgotten())
	}
	if err != nil {
		return err
	}
	if acknowledges {
		f.acks = f.h.acknowledge(f.c, image, f.key, f.acknowledged(), f.version >= 2, f.renews())
	}
	switch {
	case req.ShareSessionEpoch == finalEpoch:
		f.acks = f.h.endShareSession(f.session, f.acks)
	case !f.renews():
		f.plan(image)
	}
	return nil
}

// open begins a session. A client that gets none is held back for as long as it would have waited for records.
func (f *shareFetch) open(image *metadata.Image, acknowledges bool) (err error) {
	if acknowledges {
		return kerr.InvalidRequest
	}
	if err = f.h.ensureShareTopic(image); err != nil {
		return err
	}
	if f.session, err = f.h.shares.open(f.c.ID, f.key, f.wanted(image)); err != nil {
		f.timer = f.h.Clock.NewTimer(max(f.maxWait(), 0))
		return err
	}
	f.c.handlers = f.h
	return nil
}

// shareMember checks who a request says it comes from (KafkaApis.isMemberIdValid).
func (h *Handlers) shareMember(c *Conn, group, member *string) (shareKey, error) {
	switch {
	case !h.finalized("share.version"):
		return shareKey{}, kerr.UnsupportedVersion
	case group == nil:
		return shareKey{}, kerr.InvalidRequest
	case !h.allowed(c, opRead, groupResource, *group):
		return shareKey{}, kerr.GroupAuthorizationFailed
	case member == nil || !validMemberID(*member):
		return shareKey{}, kerr.InvalidRequest
	}
	return shareKey{*group, *member}, nil
}

// recordLimit is the acquire mode that never gives more records than are asked for (ShareAcquireMode, KIP-1206); 0 makes
// batches whole.
const recordLimit = 1

func (f *shareFetch) renews() bool { return f.version >= 2 && f.request.IsRenewAck }

// checkMode checks what the request says of itself since v2.
func (f *shareFetch) checkMode() error {
	r := &f.request
	if f.version >= 2 && (r.ShareAcquireMode < 0 || r.ShareAcquireMode > recordLimit) {
		return kerr.UnknownServerError // as Kafka, which has no name for it
	}
	if f.renews() && (r.MaxBytes != 0 || r.MinBytes != 0 || r.MaxRecords != 0 || r.MaxWaitMillis != 0) {
		return kerr.InvalidRequest
	}
	return nil
}

func (f *shareFetch) maxWait() time.Duration {
	return time.Duration(f.request.MaxWaitMillis) * time.Millisecond
}

// wanted are the partitions that the request names.
func (f *shareFetch) wanted(image *metadata.Image) (parts []sharePart) {
	for i := range f.request.Topics {
		t := &f.request.Topics[i]
		known := image.TopicByID(t.TopicID) != nil
		for j := range t.Partitions {
			id := metadata.PartitionID{Topic: t.TopicID, Index: t.Partitions[j].Partition}
			parts = append(parts, sharePart{id: id, known: known})
		}
	}
	return parts
}

func (f *shareFetch) forgotten() (ids []metadata.PartitionID) {
	for _, t := range f.request.ForgottenTopicsData {
		for _, index := range t.Partitions {
			ids = append(ids, metadata.PartitionID{Topic: t.TopicID, Index: index})
		}
	}
	return ids
}

// acknowledged are the acknowledgements that the request carries.
func (f *shareFetch) acknowledged() (parts []ackPart) {
	for i := range f.request.Topics {
		t := &f.request.Topics[i]
		for j := range t.Partitions {
			p := ackPart{id: metadata.PartitionID{Topic: t.TopicID, Index: t.Partitions[j].Partition}}
			for _, b := range t.Partitions[j].AcknowledgementBatches {
				p.batches = append(p.batches, ackBatch(b.FirstOffset, b.LastOffset, b.AcknowledgeTypes))
			}
			parts = append(parts, p)
		}
	}
	return parts
}

// plan sorts out which partitions of the session can be asked, and what for.
func (f *shareFetch) plan(image *metadata.Image) {
	req := &f.request
	var parts []sharePart
	for _, p := range f.session.partitions() {
		if err := f.h.shareable(f.c, image, p); err != nil {
			f.failed = append(f.failed, share.Fetched{ID: p.id, Err: err})
			continue
		}
		parts = append(parts, p)
	}
	maxBytes := min(req.MaxBytes, f.h.Config.Int32("fetch.max.bytes"))
	f.fetch = share.FetchRequest{
		Group: f.key.group, Member: f.key.member,
		MaxRecords: int(req.MaxRecords), BatchSize: int(max(req.BatchSize, 0)),
		MinBytes: int(min(req.MinBytes, maxBytes)), MaxBytes: int(maxBytes),
		MaxWait: f.maxWait(), Strict: f.version >= 2 && req.ShareAcquireMode == recordLimit,
	}
	if f.fetch.MaxRecords <= 0 || f.fetch.MaxBytes <= 0 {
		return
	}
	for _, p := range rotated(parts, req.ShareSessionEpoch) {
		f.fetch.Partitions = append(f.fetch.Partitions, p.id)
	}
	f.h.PrepareShareFetch(&f.fetch)
}

// shareable tells why a partition of a session cannot be fetched.
func (h *Handlers) shareable(c *Conn, image *metadata.Image, p sharePart) error {
	topic := image.TopicByID(p.id.Topic)
	switch {
	case topic == nil && !p.known:
		return kerr.UnknownTopicID
	case topic == nil:
		return kerr.UnknownTopicOrPartition
	case !h.allowed(c, opRead, topicResource, topic.Name):
		return kerr.TopicAuthorizationFailed
	case p.id.Index < 0 || int(p.id.Index) >= len(topic.Partitions):
		return kerr.UnknownTopicOrPartition
	}
	return nil
}

// Ready implements Reply.
func (f *shareFetch) Ready() bool {
	return f.timer == nil && len(f.fetch.Partitions) == 0 && f.acks.ready()
}

// Wait implements Reply.
func (f *shareFetch) Wait(stop <-chan struct{}) {
	if f.timer != nil {
		select {
		case <-f.timer.C():
		case <-stop:
		}
		return
	}
	if len(f.fetch.Partitions) > 0 {
		f.fetched = f.acquire(stop)
	}
	f.gone = !f.acks.wait(stop)
}

// acquire has the member acquire records of what the group reads.
func (f *shareFetch) acquire(stop <-chan struct{}) []share.Fetched {
	timer := f.h.Clock.NewTimer(max(f.maxWait(), 0))
	defer timer.Stop()
	if !f.admit(stop) {
		select { // the client is not to come again at once
		case <-timer.C():
		case <-stop:
		}
		return nil
	}
	if len(f.failed) > 0 && len(f.fetch.Partitions) == 0 {
		return nil
	}
	return f.h.shareFetch(stop, f.fetch)
}

// Encode implements Reply.
func (f *shareFetch) Encode(dst []byte) []protocol.Part {
	if f.gone {
		return nil
	}
	response := &protocol.ShareFetchResponse{ErrorCode: f.h.code(f.err)}
	if f.err == nil {
		response = f.respond()
	}
	return protocol.AppendShareFetchResponse(dst, f.version, response)
}

// Release implements Reply.
func (f *shareFetch) Release() {
	if f.timer != nil {
		f.timer.Stop()
	}
	share.ReleaseRecords(f.fetched)
	f.fetched = nil
}
