package handlers

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/protocol"
)

// API is one row of the table: everything this broker says about one request kind is derived from it (dispatch,
// ApiVersions, docs/protocol.md, metric labels). What has no row is not served and not advertised.
type API struct {
	Key  int16
	Name string // Kafka's name of the API
	Min  int16  // lowest version served
	Max  int16  // highest version served

	// AdvertiseMin is the lowest version in ApiVersions. It differs from Min for Produce only: librdkafka switches
	// features off unless old versions are advertised (KAFKA-18659).
	AdvertiseMin int16

	serve serveFunc
}

// serveFunc serves one request in the connection's reader goroutine. A nil reply means that nothing is answered; an
// error closes the connection.
type serveFunc func(h *Handlers, c *Conn, r *Request) (Reply, error)

// Table returns every API served, ordered by key, at exactly the versions of Apache Kafka 4.4.0.
func Table() []API {
	return []API{
		{0, "Produce", 3, 13, 0, (*Handlers).serveProduce},
		{1, "Fetch", 4, 18, 4, (*Handlers).serveFetch},
		{2, "ListOffsets", 1, 11, 1, typed((*Handlers).serveListOffsets)},
		{18, "ApiVersions", 0, 5, 0, (*Handlers).serveAPIVersions},
		{21, "DeleteRecords", 0, 2, 0, typed((*Handlers).serveDeleteRecords)},
		{22, "InitProducerId", 0, 5, 0, typed((*Handlers).serveInitProducerID)},
		{23, "OffsetForLeaderEpoch", 2, 4, 2, typed((*Handlers).serveOffsetForLeaderEpoch)},
		{61, "DescribeProducers", 0, 0, 0, typed((*Handlers).serveDescribeProducers)},
	}
}

// typed adapts an entry that works on kmsg's decoded request. The body is checked against the schema before it is
// decoded, and its memory is detached because decoded byte fields alias it and the rooms below may keep them.
func typed[R any, P interface {
	*R
	kmsg.Request
}](serve func(h *Handlers, c *Conn, version int16, req P) Answer) serveFunc {
	return func(h *Handlers, c *Conn, r *Request) (Reply, error) {
		version := r.Header.Version
		if err := protocol.Check(r.Header.Key, version, r.Body); err != nil {
			return nil, err
		}
		r.Detach()
		req := P(new(R))
		req.SetVersion(version)
		if err := req.ReadFrom(r.Body); err != nil {
			return nil, fmt.Errorf("decode request: %w", err)
		}
		return &message{Answer: serve(h, c, version, req), version: version}, nil
	}
}
