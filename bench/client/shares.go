// Package client has what the drivers of brokers that are not Kafka's kind share: how partitions fall to clients, what such a
// driver cannot do, a bounded inbox for what consumers receive and a bounded window for what producers have unacknowledged.
//
// Those brokers have no partitions: a topic of n partitions is n streams (queues, keys), named NAME.0 to NAME.n-1, over which
// a producer goes in turn, and a record is one message of theirs with the same value.
package client

import (
	"fmt"
	"slices"
	"strconv"

	"weir/bench"
)

// Stream is the name of a topic's p-th stream.
func Stream(topic string, p int32) string { return topic + "." + strconv.Itoa(int(p)) }

// Streams are the names of a topic's streams.
func Streams(topic string, n int32) []string {
	out := make([]string, n)
	for p := range n {
		out[p] = Stream(topic, p)
	}
	return out
}

// Share are the streams that the i-th of c.Consumers reads.
func Share(topic string, c bench.Config, i int) []string {
	var out []string
	for p := int32(i); p < c.Partitions; p += int32(c.Consumers) {
		out = append(out, Stream(topic, p))
	}
	return out
}

// Turn goes over the streams of a topic.
type Turn struct {
	streams int
	next    int
}

// NewTurn gives the turn of the i-th producer over n streams: producers begin at different ones.
func NewTurn(n int32, i int) *Turn { return &Turn{streams: int(n), next: i % int(n)} }

// Next is the stream that a record goes to.
func (t *Turn) Next(r bench.Record) int {
	if r.Partition >= 0 {
		return int(r.Partition) % t.streams
	}
	p := t.next
	t.next = (p + 1) % t.streams
	return p
}

// Check refuses what no driver here can do, and workloads beside those that it says it can.
func Check(c bench.Config, workloads ...bench.Workload) error {
	switch {
	case !slices.Contains(workloads, c.Workload):
		return fmt.Errorf("workload %s: %w", c.Workload, bench.ErrUndriven)
	case c.Codec != "none":
		return fmt.Errorf("codec %s: this broker's client does not compress batches: %w", c.Codec, bench.ErrUndriven)
	case c.Keys != "none":
		return fmt.Errorf("keys %s: %w", c.Keys, bench.ErrUndriven)
	case c.Acks == "0":
		return fmt.Errorf("acks 0: %w", bench.ErrUndriven)
	}
	return nil
}

// Unacknowledged is how many records a producer may have unacknowledged: what the Config says, else the driver's default.
func Unacknowledged(c bench.Config, byDefault int) int {
	switch {
	case c.InFlight > 0 && c.BatchRecords > 0:
		return c.InFlight * c.BatchRecords
	case c.Buffered > 0:
		return c.Buffered
	}
	return byDefault
}
