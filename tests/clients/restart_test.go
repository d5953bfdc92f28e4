//go:build clients

package clients

import (
	"fmt"
	"slices"
	"testing"

	"weir/tests/brokers"
)

// TestRestart keeps every client's producer and group member alive while the broker is stopped and started,
// then killed and started: they go on by themselves, nothing is lost, nothing comes twice, and the group
// resumes.
func TestRestart(t *testing.T) {
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			b := brokers.New(t, brokerKind, nil)
			var survivors []*survivor
			for _, k := range kinds {
				survivors = append(survivors, newSurvivor(t, k, b))
			}
			phase := func(name string, step func(*survivor, *testing.T)) {
				t.Run(name, func(t *testing.T) {
					for _, s := range survivors {
						t.Run(s.name, func(t *testing.T) {
							t.Parallel()
							step(s, t)
						})
					}
				})
			}
			phase("before", (*survivor).begin)
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
	join     request
	producer *agent
	member   *groupMember
	written  []string
	round    int
}

func newSurvivor(t *testing.T, k kind, b *brokers.Broker) *survivor {
	s := &survivor{suite: &suite{kind: k, addr: b.Addr, ref: newReference(t, b.Addr)}}
	topic := s.ref.topic(k.name+".restart", groupPartitions, nil)
	s.join = request{Topic: topic, Group: topic + ".members", SessionMs: 20_000}
	s.producer = k.agent(t, b.Addr)
	s.member = s.suite.member(t, s.join)
	return s
}

// produce writes 5 records to each partition with the client's own producer.
func (s *survivor) produce(t *testing.T) []string {
	t.Helper()
	var records []record
	var values []string
	for p := range int32(groupPartitions) {
		for i := range 5 {
			v := fmt.Sprintf("round-%d-%d-%d", s.round, p, i)
			values = append(values, v)
			records = append(records, record{Partition: p, Value: []byte(v)})
		}
	}
	s.round++
	s.producer.on(t).do(request{Op: "produce", Topic: s.join.Topic, Codec: "zstd", Records: records})
	s.written = append(s.written, values...)
	return values
}

func (s *survivor) begin(t *testing.T) {
	m := s.member.on(t)
	awaitShared(t, m)
	s.produce(t)
	awaitRecords(t, slices.Clone(s.written), m)
	m.do(request{Op: "commit"})
}

// goOn is what a client does after the broker came back. The member may have been given its partitions anew,
// and then it reads on from what it committed: nothing is skipped and nothing comes twice.
func (s *survivor) goOn(t *testing.T) {
	m := s.member.on(t)
	s.produce(t)
	awaitShared(t, m)
	awaitRecords(t, slices.Clone(s.written), m)
	m.do(request{Op: "commit"})
}

// resume: a new member in the group's place finds nothing old.
func (s *survivor) resume(t *testing.T) {
	s.member.on(t).leave()
	fresh := s.suite.member(t, s.join)
	awaitShared(t, fresh)
	awaitRecords(t, s.produce(t), fresh)
}
