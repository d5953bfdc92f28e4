package handlers

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/protocol"
)

//go:generate go run ./internal/docgen . ../docs/protocol.md

// API is one row of the table: everything this broker says about one request kind is derived from it
// (dispatch, ApiVersions, docs/protocol.md). What has no row is not served and not advertised.
type API struct {
	Key  int16
	Name string // Kafka's name of the API
	Min  int16  // lowest version served
	Max  int16  // highest version served

	// AdvertiseMin is the lowest version in ApiVersions. It differs from Min for Produce only: librdkafka
	// switches features off unless old versions are advertised (KAFKA-18659).
	AdvertiseMin int16

	serve serveFunc
}

// serveFunc serves one request in the connection's reader goroutine. A nil reply means that nothing is
// answered; an error closes the connection.
type serveFunc func(h *Handlers, c *Conn, r *Request) (Reply, error)

// Table returns every API served, ordered by key, at exactly the versions of Apache Kafka 4.4.0.
func Table() []API {
	return []API{
		{0, "Produce", 3, 13, 0, (*Handlers).serveProduce},
		{1, "Fetch", 4, 18, 4, (*Handlers).serveFetch},
		{2, "ListOffsets", 1, 11, 1, typed((*Handlers).serveListOffsets)},
		{3, "Metadata", 0, 13, 0, typed((*Handlers).serveMetadata)},
		{8, "OffsetCommit", 2, 10, 2, typed((*Handlers).serveOffsetCommit)},
		{9, "OffsetFetch", 1, 10, 1, typed((*Handlers).serveOffsetFetch)},
		{10, "FindCoordinator", 0, 6, 0, typed((*Handlers).serveFindCoordinator)},
		{11, "JoinGroup", 0, 9, 0, typedOf((*Handlers).serveJoinGroup)},
		{12, "Heartbeat", 0, 4, 0, typed((*Handlers).serveHeartbeat)},
		{13, "LeaveGroup", 0, 5, 0, typed((*Handlers).serveLeaveGroup)},
		{14, "SyncGroup", 0, 5, 0, typed((*Handlers).serveSyncGroup)},
		{15, "DescribeGroups", 0, 6, 0, typed((*Handlers).serveDescribeGroups)},
		{16, "ListGroups", 0, 5, 0, typed((*Handlers).serveListGroups)},
		{18, "ApiVersions", 0, 5, 0, (*Handlers).serveAPIVersions},
		{19, "CreateTopics", 2, 7, 2, typed((*Handlers).serveCreateTopics)},
		{20, "DeleteTopics", 1, 6, 1, typed((*Handlers).serveDeleteTopics)},
		{21, "DeleteRecords", 0, 2, 0, typed((*Handlers).serveDeleteRecords)},
		{22, "InitProducerId", 0, 5, 0, typed((*Handlers).serveInitProducerID)},
		{23, "OffsetForLeaderEpoch", 2, 4, 2, typed((*Handlers).serveOffsetForLeaderEpoch)},
		{24, "AddPartitionsToTxn", 0, 5, 0, typed((*Handlers).serveAddPartitionsToTxn)},
		{25, "AddOffsetsToTxn", 0, 4, 0, typed((*Handlers).serveAddOffsetsToTxn)},
		{26, "EndTxn", 0, 5, 0, typed((*Handlers).serveEndTxn)},
		{27, "WriteTxnMarkers", 1, 2, 1, typed((*Handlers).serveWriteTxnMarkers)},
		{28, "TxnOffsetCommit", 0, 6, 0, typed((*Handlers).serveTxnOffsetCommit)},
		{29, "DescribeAcls", 1, 3, 1, typed((*Handlers).serveDescribeACLs)},
		{30, "CreateAcls", 1, 3, 1, typed((*Handlers).serveCreateACLs)},
		{31, "DeleteAcls", 1, 3, 1, typed((*Handlers).serveDeleteACLs)},
		{32, "DescribeConfigs", 1, 4, 1, typed((*Handlers).serveDescribeConfigs)},
		{33, "AlterConfigs", 0, 2, 0, typed((*Handlers).serveAlterConfigs)},
		{35, "DescribeLogDirs", 1, 5, 1, typed((*Handlers).serveDescribeLogDirs)},
		{37, "CreatePartitions", 0, 3, 0, typed((*Handlers).serveCreatePartitions)},
		{42, "DeleteGroups", 0, 3, 0, typed((*Handlers).serveDeleteGroups)},
		{44, "IncrementalAlterConfigs", 0, 1, 0, typed((*Handlers).serveIncrementalAlterConfigs)},
		{47, "OffsetDelete", 0, 0, 0, typed((*Handlers).serveOffsetDelete)},
		{57, "UpdateFeatures", 0, 2, 0, typed((*Handlers).serveUpdateFeatures)},
		{60, "DescribeCluster", 0, 2, 0, typed((*Handlers).serveDescribeCluster)},
		{61, "DescribeProducers", 0, 0, 0, typed((*Handlers).serveDescribeProducers)},
		{65, "DescribeTransactions", 0, 0, 0, typed((*Handlers).serveDescribeTransactions)},
		{66, "ListTransactions", 0, 2, 0, typed((*Handlers).serveListTransactions)},
		{68, "ConsumerGroupHeartbeat", 0, 1, 0, typedOf((*Handlers).serveConsumerGroupHeartbeat)},
		{69, "ConsumerGroupDescribe", 0, 1, 0, typed((*Handlers).serveConsumerGroupDescribe)},
		{74, "ListConfigResources", 0, 1, 0, typed((*Handlers).serveListConfigResources)},
		{75, "DescribeTopicPartitions", 0, 0, 0, typed((*Handlers).serveDescribeTopicPartitions)},
		{76, "ShareGroupHeartbeat", 1, 1, 1, typedOf((*Handlers).serveShareGroupHeartbeat)},
		{77, "ShareGroupDescribe", 1, 1, 1, typed((*Handlers).serveShareGroupDescribe)},
		{78, "ShareFetch", 1, 2, 1, (*Handlers).serveShareFetch},
		{79, "ShareAcknowledge", 1, 2, 1, typedOf((*Handlers).serveShareAcknowledge)},
		{88, "StreamsGroupHeartbeat", 0, 1, 0, typedOf((*Handlers).serveStreamsGroupHeartbeat)},
		{89, "StreamsGroupDescribe", 0, 1, 0, typed((*Handlers).serveStreamsGroupDescribe)},
		{90, "DescribeShareGroupOffsets", 0, 1, 0, typed((*Handlers).serveDescribeShareGroupOffsets)},
		{91, "AlterShareGroupOffsets", 0, 0, 0, typed((*Handlers).serveAlterShareGroupOffsets)},
		{92, "DeleteShareGroupOffsets", 0, 0, 0, typed((*Handlers).serveDeleteShareGroupOffsets)},
	}
}

// maxDecodedBytes bounds what a decoded request may take beyond its frame: an empty array element of one byte
// can decode to hundreds, and the memory for requests in flight is counted in bytes of frames.
const maxDecodedBytes = 64 << 20

// typed adapts an entry that works on kmsg's decoded request.
func typed[R any, P interface {
	*R
	kmsg.Request
}](serve func(h *Handlers, c *Conn, version int16, req P) Answer) serveFunc {
	return typedOf(func(h *Handlers, c *Conn, _ *Request, version int16, req P) Answer {
		return serve(h, c, version, req)
	})
}

// typedOf is typed for an entry that needs the request's header too. The body is checked against the schema
// before it is decoded, and its memory is detached because decoded byte fields alias it and the rooms below
// may keep them.
func typedOf[R any, P interface {
	*R
	kmsg.Request
}](serve func(h *Handlers, c *Conn, r *Request, version int16, req P) Answer) serveFunc {
	return func(h *Handlers, c *Conn, r *Request) (Reply, error) {
		version := r.Header.Version
		req := P(new(R))
		if err := decode(r, req); err != nil {
			return nil, err
		}
		return &message{Answer: serve(h, c, r, version, req), version: version}, nil
	}
}

// decode reads the body of a request. It is checked against the schema first, and its memory is detached.
func decode(r *Request, req kmsg.Request) error {
	version := r.Header.Version
	size, err := protocol.CheckSize(r.Header.Key, version, r.Body)
	if err != nil {
		return err
	}
	if size > maxDecodedBytes {
		return fmt.Errorf("decode request: it takes %d bytes, more than %d", size, maxDecodedBytes)
	}
	r.Detach()
	req.SetVersion(version)
	if err := req.ReadFrom(r.Body); err != nil {
		return fmt.Errorf("decode request: %w", err)
	}
	return nil
}
