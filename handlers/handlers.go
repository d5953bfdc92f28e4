// Package handlers serves the Kafka protocol: one file per API, numbered by key, and one table from which
// dispatch, ApiVersions and documents are derived. Every handler has the same five beats: decode
// (done by the frame), authorise, resolve, call one room, encode. Kafka's words end here: error codes are
// chosen in errors.go only, and nothing below this room knows a request or a code.
package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"weir/cluster"
	"weir/config"
	"weir/groups"
	"weir/internal/clock"
	"weir/log"
	"weir/partition"
	"weir/share"
	"weir/txn"
)

// Deps are the rooms the handlers call. All fields are needed; none is closed by Handlers.
type Deps struct {
	BrokerID   int32
	Config     *config.Values
	Cluster    *cluster.Cluster
	Partitions *partition.Set
	Groups     *groups.Service
	Txns       *txn.Service
	Shares     *share.Service
	Directory  *log.Directory
	Clock      clock.Clock
	Logger     *slog.Logger
}

// Handlers serves requests of all connections; its methods may be called from many goroutines.
type Handlers struct {
	Deps

	table  []API
	byKey  []int // table index by key, -1 where nothing is served
	ctx    context.Context
	cancel context.CancelFunc

	translations []translation
	settings     settingsCache
	sessions     *sessionCache
	shares       *shareSessions
	readers      shareReaders
	produces     sync.Pool // of *produce
	topologies   sync.Map  // groups whose internal topics are being made, by name
	ending       atomic.Bool
}

// New returns handlers over d.
func New(d Deps) *Handlers {
	ctx, cancel := context.WithCancel(context.Background())
	h := &Handlers{Deps: d, table: Table(), ctx: ctx, cancel: cancel}
	h.byKey = indexByKey(h.table)
	h.translations = translations()
	h.settings.static, h.settings.brokerID = d.Config, d.BrokerID
	h.sessions = newSessionCache(d.Config.Int("max.incremental.fetch.session.cache.slots"), d.Clock)
	h.shares = newShareSessions(d.Config.Int("group.share.max.share.sessions"))
	return h
}

// Ending tells that connections end from now on because the broker does. What members of share groups hold is then not given back: as
// after a power cut it is available again at the next start, and was not delivered.
func (h *Handlers) Ending() { h.ending.Store(true) }

// Close ends calls of handlers that wait for a room (a topic being created); requests served later fail.
func (h *Handlers) Close() { h.cancel() }

// Context is cancelled by Close. Handlers that wait in the reader goroutine wait with it.
func (h *Handlers) Context() context.Context { return h.ctx }

// Lookup returns the row of an API, nil when it is not served.
func (h *Handlers) Lookup(key int16) *API {
	if key < 0 || int(key) >= len(h.byKey) || h.byKey[key] < 0 {
		return nil
	}
	return &h.table[h.byKey[key]]
}

// Serve serves one request in the connection's reader goroutine and returns its reply, nil when nothing is
// answered (acks=0). It waits for the disk to sync only where what follows on the connection must not pass (a new
// producer id, a batch or offsets that join a transaction), or for a topic that is made. An error means that the connection must be closed
// without an answer: an API or version that is not served, or bytes that do not decode (B5, B7, B8).
func (h *Handlers) Serve(c *Conn, r *Request) (Reply, error) {
	api := h.Lookup(r.Header.Key)
	if api == nil {
		return nil, fmt.Errorf("serve request: api key %d is not served", r.Header.Key)
	}
	if v := r.Header.Version; (v < api.Min || v > api.Max) && api.Key != apiVersionsKey {
		return nil, fmt.Errorf("serve request: %s version %d is not served", api.Name, v)
	}
	c.clientID = r.ClientID()
	reply, err := api.serve(h, c, r)
	if err != nil {
		return nil, fmt.Errorf("serve %s v%d: %w", api.Name, r.Header.Version, err)
	}
	return reply, nil
}

func indexByKey(table []API) []int {
	highest := int16(0)
	for _, api := range table {
		highest = max(highest, api.Key)
	}
	byKey := make([]int, highest+1)
	for i := range byKey {
		byKey[i] = -1
	}
	for i, api := range table {
		byKey[api.Key] = i
	}
	return byKey
}
