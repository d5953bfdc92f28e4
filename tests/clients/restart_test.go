//go:build clients

package clients

import (
	"fmt"
	"testing"

	"weir/tests/brokers"
)

// TestRestart keeps every client's producer and group members, of every protocol that it speaks, alive while the broker is
// stopped and started, then killed and started: they go on by themselves, nothing is lost, nothing comes twice, and the
// groups resume.
func TestRestart(t *testing.T) {
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			b := brokers.New(t, brokerKind, map[string]string{"group.consumer.min.heartbeat.interval.ms": "500",
				"group.consumer.heartbeat.interval.ms": "500"})
			var survivors []*survivor
			for _, k := range kinds {
				survivors = append(survivors, newSurvivor(t, k, b, ""))
				if len(k.remote) > 0 {
					survivors = append(survivors, newSurvivor(t, k, b, "consumer"))
				}
			}
			phase := func(name string, step func(*survivor, *testing.T)) {
				t.Run(name, func(t *testing.T) {
					for _, s := range survivors {
						t.Run(s.name+" "+s.crew.join.Protocol, func(t *testing.T) {
							t.Parallel()
							step(s, t)
						})
					}
				})
			}
			phase("before", (*survivor).goOn)
			b.Stop()
			b.Start()
			phase("after a stop", (*survivor).goOn)
			b.Kill()
			b.Start()
			phase("after kill -9", (*survivor).goOn)
			phase("resume", (*survivor).resume)
		})
	}
}

// survivor is one client that lives through the broker's restarts.
type survivor struct {
	*suite
	crew     *crew
	producer *agent // the client's own; nil in the consumer protocol, where the reference writes
	written  [][]string
}

func newSurvivor(t *testing.T, k kind, b *brokers.Broker, protocol string) *survivor {
	s := &survivor{suite: &suite{kind: k, addr: b.Addr, ref: newReference(t, b.Addr)}}
	topic := s.ref.topic(k.name+".restart"+protocol, groupPartitions, nil)
	if protocol == "" {
		s.producer = k.agent(t, b.Addr)
	}
	s.crew = s.suite.crew(t, request{Topic: topic, Group: topic + ".members", Protocol: protocol, SessionMs: 10_000})
	s.crew.add("")
	return s
}

// produce writes 5 records to each partition.
func (s *survivor) produce(t *testing.T) []string {
	t.Helper()
	var records []record
	var values []string
	for p := range int32(groupPartitions) {
		for i := range 5 {
			v := fmt.Sprintf("round-%d-%d-%d", len(s.written), p, i)
			values = append(values, v)
			records = append(records, record{Partition: p, Value: []byte(v)})
		}
	}
	if s.producer == nil {
		s.ref.write(s.crew.join.Topic, values)
	} else {
		s.producer.on(t).do(request{Op: "produce", Topic: s.crew.join.Topic, Codec: "zstd", Records: records})
	}
	s.written = append(s.written, values)
	return values
}

// goOn writes, reads and commits: what a client does before a restart, and again after it. Nothing is skipped,
// and nothing that was committed comes again.
func (s *survivor) goOn(t *testing.T) {
	c := s.crew.on(t)
	s.produce(t)
	c.awaitShared()
	c.awaitRecords(s.written...)
	c.commit()
}

// resume: a new member in the group's place finds nothing old.
func (s *survivor) resume(t *testing.T) {
	c := s.crew.on(t)
	c.leave(c.members[0])
	fresh := s.suite.crew(t, c.join)
	fresh.add("")
	fresh.awaitShared()
	fresh.awaitRecords(s.produce(t))
}
