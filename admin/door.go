// Package admin is the door for those who do not speak Kafka's protocol: queues over HTTP, with one OpenAPI document that is
// made from the code.
//
// What is taken here is taken from share groups, by the same state and the same settings as over the wire: a Java consumer and a
// shell script work one queue off together. A receive is a member of its group of its own, without membership, so that a
// receipt settles the delivery that it came with and no later one.
//
// Bodies, waits, connections and the bytes of all bodies in flight are bounded. The door has no log-in: it answers to the
// names of the loopback alone unless a setting lists others, and to no page of another origin.
package admin

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/sync/semaphore"

	"weir/cluster"
	"weir/groups"
	"weir/handlers"
	"weir/internal/clock"
	"weir/metadata"
	"weir/partition"
	"weir/share"
)

// Config is what a door goes by.
type Config struct {
	Address         string        // host:port; port 0 for any free one
	Hosts           []string      // names that requests may be for, beside those of the loopback; "*" is any
	MaxRequestBytes int64         // longest body
	MaxConnections  int           // at one time; more wait to be accepted
	MaxWait         time.Duration // longest wait that a request may ask for
	ReadTimeout     time.Duration // for a request to arrive whole
	IdleTimeout     time.Duration // silence between requests
}

// Deps are the rooms that a door calls. All are needed; none is closed by it.
type Deps struct {
	Handlers   *handlers.Handlers // for what both doors go by: settings, rules of an append
	Shares     *share.Service
	Groups     *groups.Service
	Partitions *partition.Set
	Cluster    *cluster.Cluster
	Clock      clock.Clock
	Logger     *slog.Logger
}

// bodiesInFlight is how many bodies of full length may be held at one time.
const bodiesInFlight = 8

// writeTimeout is how long an answer may take to be written, beside the wait that was asked for.
const writeTimeout = 30 * time.Second

// Door is a listener for HTTP and what it serves.
type Door struct {
	Deps
	config   Config
	socket   net.Listener
	server   *http.Server
	bodies   *semaphore.Weighted // bytes of bodies
	stop     context.CancelFunc  // ends the waits of all requests
	serving  chan struct{}       // closed when the accept loop has ended; nil before Start
	hosts    map[string]bool
	instance string        // of this start, in the names of members
	members  atomic.Uint64 // given so far
	turn     atomic.Uint32 // whose turn it is: partitions of messages without key, and of receives
	replies  replies

	redriving chan struct{} // holds one while a redrive is under way: one at a time
}

// Listen opens the door's port; no connection is accepted before Start.
func Listen(c Config, deps Deps) (*Door, error) {
	socket, err := net.Listen("tcp", c.Address)
	if err != nil {
		return nil, fmt.Errorf("listen for http: %w", err)
	}
	d := &Door{Deps: deps, config: c, socket: socket, bodies: semaphore.NewWeighted(bodiesInFlight * c.MaxRequestBytes),
		hosts: make(map[string]bool), instance: newInstance(), redriving: make(chan struct{}, 1)}
	for _, host := range c.Hosts {
		d.hosts[foldHost(host)] = true
	}
	ctx, stop := context.WithCancel(context.Background())
	d.stop = stop
	d.replies = replies{door: d, ctx: ctx, readers: make(map[metadata.TopicID]*replyReader)}
	d.server = &http.Server{
		Handler:           d.handler(),
		ReadHeaderTimeout: c.ReadTimeout,
		IdleTimeout:       c.IdleTimeout,
		WriteTimeout:      c.ReadTimeout + c.MaxWait + writeTimeout,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(deps.Logger.Handler(), slog.LevelDebug), // clients cause its lines
	}
	return d, nil
}

func newInstance() string {
	var id [4]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// Start accepts connections.
func (d *Door) Start() {
	d.serving = make(chan struct{})
	go func() {
		defer close(d.serving)
		err := d.server.Serve(netutil.LimitListener(d.socket, d.config.MaxConnections))
		if !errors.Is(err, http.ErrServerClosed) {
			d.Logger.Error("http listener failed", "error", err)
		}
	}()
}

// Addr is the address that the door is bound to.
func (d *Door) Addr() net.Addr { return d.socket.Addr() }

// Close stops accepting, ends all waits, and lets requests be answered until ctx ends; then connections are cut off.
func (d *Door) Close(ctx context.Context) error {
	d.stop()
	if d.serving == nil {
		return d.socket.Close()
	}
	err := d.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("close http: %w", err), d.server.Close())
	}
	<-d.serving
	d.replies.ended.Wait()
	return err
}

// member is a name that no other delivery has.
func (d *Door) member() string {
	return "http-" + d.instance + "-" + strconv.FormatUint(d.members.Add(1), 36)
}
