// Package rivals starts the brokers that Weir is measured beside, each by its name: Apache Kafka, NATS JetStream, RabbitMQ, Redis
// Streams, the limit program, and Weir itself. Each runs as a child process that listens on 127.0.0.1 only, keeps everything that it
// writes in a directory of its own below one that the caller gives (so that all of them use one file system), and is gone with
// all its processes and that directory when Stop returns, or when this process ends however it ends (Linux).
//
// Each runs with the defaults of its makers, but for addresses, directories and what its name says: NAME is how it comes, NAME-sync
// the same told to sync before it answers, weir-nosync Weir told not to. What matters to the figures is in the
// target's Settings.
package rivals

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"weir/bench"
)

// Kinds of protocol, as Target.Kind has them.
const (
	Kafka          = "kafka"
	NATS           = "nats"
	RabbitMQStream = "rabbitmq-stream"
	RabbitMQQuorum = "rabbitmq-quorum"
	Redis          = "redis"
	Limit          = "limit"
)

// Rival is a broker that can be started by its name.
type Rival struct {
	Name  string
	Kind  string // the protocol it is spoken to in
	About string // half a line for help
	start func(ctx context.Context, s *site) error
}

// All are the brokers that can be started, in the order in which help lists them.
func All() []Rival {
	return []Rival{
		{"weir", Kafka, "this program: a sync before each answer", weir(true)},
		{"weir-nosync", Kafka, "this program, answering from the page cache", weir(false)},
		{"kafka", Kafka, "Apache Kafka: answers from the page cache", kafka(false)},
		{"kafka-sync", Kafka, "Apache Kafka with log.flush.interval.messages=1", kafka(true)},
		{"nats", NATS, "NATS JetStream, file storage, a sync every two minutes", nats(false)},
		{"nats-sync", NATS, "NATS JetStream, file storage, sync_interval: always", nats(true)},
		{"rabbitmq-stream", RabbitMQStream, "RabbitMQ streams: answers from the page cache", rabbitmq(RabbitMQStream)},
		{"rabbitmq-quorum", RabbitMQQuorum, "RabbitMQ quorum queues: a sync before each confirm", rabbitmq(RabbitMQQuorum)},
		{"redis", Redis, "Redis Streams, appendonly, appendfsync everysec", redis("everysec")},
		{"redis-sync", Redis, "Redis Streams, appendonly, appendfsync always", redis("always")},
		{"limit", Limit, "the least a broker can do: receive, checksum, write, sync, sendfile", limit(true)},
		{"limit-nosync", Limit, "the same without syncs", limit(false)},
	}
}

// Find gives the rival of a name, or an error that lists the names there are.
func Find(name string) (Rival, error) {
	var names []string
	for _, r := range All() {
		if r.Name == name {
			return r, nil
		}
		names = append(names, r.Name)
	}
	return Rival{}, fmt.Errorf("no broker is called %q; there are %s", name, strings.Join(names, ", "))
}

// Options say where brokers run and come from.
type Options struct {
	// Dir is where each broker gets a directory of its own; "" is the system's for temporary files.
	Dir string
	// Cache is where `scripts/setup brokers` puts what it fetches, and where Apache Kafka is put when it is not there.
	Cache string
	// Weir is the program to run as weir and limit; "" is this process's own.
	Weir string
	// Say is told, in a line, what takes long; it may be nil.
	Say func(line string)
}

// ErrMissing is wrapped by the error of Start when what a broker needs is not installed; the error says what, and what brings it.
var ErrMissing = errors.New("not installed")

// Running is a broker that was started.
type Running struct {
	bench.Target
	site *site
}

// Start runs the broker of that name and returns when it answers. ctx bounds only the start. The caller must call Stop.
func Start(ctx context.Context, name string, o Options) (*Running, error) {
	r, err := Find(name)
	if err != nil {
		return nil, err
	}
	return start(ctx, r, o)
}

func start(ctx context.Context, r Rival, o Options) (_ *Running, err error) {
	dir, err := os.MkdirTemp(o.Dir, "weir-bench-"+r.Name+"-")
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", r.Name, err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("start %s: %w", r.Name, err)
	}
	s := &site{Options: o, dir: dir}
	s.target = bench.Target{Name: r.Name, Kind: r.Kind, DataDir: filepath.Join(dir, "data"), Settings: map[string]string{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	if err := os.Mkdir(s.target.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("start %s: %w", r.Name, err)
	}
	if err := r.start(ctx, s); err != nil {
		if len(s.children) > 0 {
			err = fmt.Errorf("%w; the end of its output:\n%s", err, s.tail(2000))
		}
		return nil, fmt.Errorf("start %s: %w", r.Name, err)
	}
	return &Running{s.target, s}, nil
}

// Stop ends the broker and everything it started, waits until they are gone, and removes its directory. A second call does nothing.
func (r *Running) Stop() error {
	if err := r.site.stop(); err != nil {
		return fmt.Errorf("stop %s: %w", r.Name, err)
	}
	return nil
}
