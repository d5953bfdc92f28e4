//go:build clients

package clients

import (
	"testing"

	"weir/tests/brokers"
)

// TestStreamsProtocol runs the application of TestStreams with group.protocol=streams (KIP-1071): the broker makes its internal topics
// and gives it its tasks. It is killed and comes back without state.
func TestStreamsProtocol(t *testing.T) {
	t.Parallel()
	quick := map[string]string{
		"group.streams.min.session.timeout.ms": "3000", "group.streams.session.timeout.ms": "3000",
		"group.streams.min.heartbeat.interval.ms": "300", "group.streams.heartbeat.interval.ms": "300",
		"group.streams.initial.rebalance.delay.ms":                    "500",
		"transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
	}
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			a := newStreamsApp(t, brokers.New(t, brokerKind, quick), "streams")
			a.workAndReturn()
		})
	}
}
