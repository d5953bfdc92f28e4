//go:build clients

package clients

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"weir/tests/brokers"
)

// shareKinds are the clients that have members of share groups.
var shareKinds = []string{"java", "confluent-kafka", "franz-go"}

// shareLockMs is for how long members of the tests hold a record.
const shareLockMs = "2000"

// shareWaitMs bounds a poll that is to bring something; the first of a Kafka that has just started can take long.
const shareWaitMs = 45_000

// TestShareConsumers has members of share groups in every client that has them take and settle records, at Weir and at Kafka:
// accepted once, released again, rejected never again, held too long or by one who left again.
func TestShareConsumers(t *testing.T) {
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			t.Parallel() // most of its time is waiting
			b := brokers.New(t, brokerKind, map[string]string{"share.coordinator.state.topic.replication.factor": "1",
				"share.coordinator.state.topic.min.isr": "1", "group.share.assignment.interval.ms": "0",
				"group.share.min.record.lock.duration.ms": "1000", "group.initial.rebalance.delay.ms": "0"})
			var all []*sharing
			for _, k := range kinds {
				if slices.Contains(shareKinds, k.name) {
					all = append(all, &sharing{agent: k.agent(t, b.Addr), broker: b, ref: newReference(t, b.Addr), name: k.name})
				}
			}
			t.Run("together", func(t *testing.T) {
				for _, s := range all {
					t.Run(s.name, func(t *testing.T) {
						t.Parallel()
						s = s.at(t)
						s.settle()
						s.expire()
						s.depart()
						s.implicit()
						if s.name != "confluent-kafka" { // librdkafka 2.16 has no renewal
							s.renew()
						}
					})
				}
			})
			for _, s := range all {
				if brokerKind == brokers.KindKafka {
					break // what Weir keeps is in question
				}
				t.Run("kill/"+s.name, func(t *testing.T) { s.at(t).broken() })
			}
		})
	}
}

// sharing is one client's members at one broker.
type sharing struct {
	*agent
	t      *testing.T
	broker *brokers.Broker
	ref    *reference
	name   string
	topic  string
	group  string
	lockMs string // for how long members hold a record; shareLockMs if it is ""

	partitions int32
}

// at is the same for another test.
func (s *sharing) at(t *testing.T) *sharing {
	again := *s
	again.t, again.agent, again.ref = t, s.agent.on(t), newReference(t, s.broker.Addr)
	return &again
}

// begin makes a topic with records "0" to n-1, and a group that reads it from its begin.
func (s *sharing) begin(what string, partitions int32, n int) {
	s.t.Helper()
	s.topic, s.group, s.partitions = s.ref.topic(s.name+"."+what, partitions, nil), s.name+"."+what, partitions
	s.ref.groupSettings(s.group, "share.auto.offset.reset=earliest", "share.record.lock.duration.ms="+cmp.Or(s.lockMs, shareLockMs))
	s.add(0, n)
}

// add writes records whose values are these numbers.
func (s *sharing) add(from, n int) {
	s.t.Helper()
	var records []record
	for i := from; i < from+n; i++ {
		records = append(records, record{Partition: int32(i) % s.partitions, Value: fmt.Append(nil, i)})
	}
	if n == 0 {
		return
	}
	s.do(request{Op: "produce", Topic: s.topic, Codec: "none", Records: records})
}

func (s *sharing) open(member string, explicit bool) {
	s.t.Helper()
	s.do(request{Op: "share_open", Member: member, Group: s.group, Topic: s.topic, Explicit: explicit})
}

func (s *sharing) close(member string) {
	s.t.Helper()
	s.do(request{Op: "share_close", Member: member})
}

// take polls once: what has come, once something has.
func (s *sharing) take(member string, waitMs int) []record {
	s.t.Helper()
	return s.do(request{Op: "share_poll", Member: member, WaitMs: waitMs}).Records
}

// acknowledge says something of each record, which by says.
func (s *sharing) acknowledge(member string, records []record, by func(r record) string) {
	s.t.Helper()
	var acks []shareAck
	for _, r := range records {
		acks = append(acks, shareAck{r.Partition, r.Offset, by(r)})
	}
	s.do(request{Op: "share_ack", Member: member, Acks: acks})
}

func always(kind string) func(record) string { return func(record) string { return kind } }

// seen counts deliveries, by record: "7 x2" is record 7, delivered with count 2.
type seen map[string]int

func (x seen) add(records []record) {
	for _, r := range records {
		x[fmt.Sprintf("%s x%d", r.Value, r.Delivered)]++
	}
}

// want says what should have been seen; each once.
func (s *sharing) want(what string, got seen, want ...string) {
	s.t.Helper()
	wanted := seen{}
	for _, w := range want {
		wanted[w]++
	}
	if !maps.Equal(got, wanted) {
		s.t.Errorf("%s: %v, want %v", what, got, wanted)
	}
}

// with is both together.
func (x seen) with(more seen) seen {
	all := maps.Clone(x)
	for was, n := range more {
		all[was] += n
	}
	return all
}

// names is what was seen whatever the count.
func names(got seen) seen {
	all := seen{}
	for was, n := range got {
		value, _, _ := strings.Cut(was, " ")
		all[value] += n
	}
	return all
}

func numbered(from, n int, text string) (all []string) {
	for i := from; i < from+n; i++ {
		all = append(all, fmt.Sprint(i)+text)
	}
	return all
}

// drain takes and accepts until nothing has come for as long as a member holds a record, and some more.
func (s *sharing) drain(member string, waitMs int) seen {
	s.t.Helper()
	got := seen{}
	for {
		records := s.take(member, waitMs)
		if len(records) == 0 {
			return got
		}
		got.add(records)
		s.acknowledge(member, records, always("accept"))
	}
}

// settle: of each four one is released once, one rejected, two are accepted.
func (s *sharing) settle() {
	s.begin("settle", 2, 40)
	s.open("one", true)
	got, total := seen{}, 0
	for total < 50 {
		records := s.take("one", shareWaitMs)
		if len(records) == 0 {
			break
		}
		got.add(records)
		total += len(records)
		s.acknowledge("one", records, func(r record) string {
			n := 0
			_, _ = fmt.Sscan(string(r.Value), &n)
			switch {
			case n%4 == 1 && r.Delivered == 1:
				return "release"
			case n%4 == 3:
				return "reject"
			}
			return "accept"
		})
	}
	want := numbered(0, 40, " x1")
	for i := 1; i < 40; i += 4 {
		want = append(want, fmt.Sprintf("%d x2", i))
	}
	s.want("all, and what was released again", got, want...)
	s.want("nothing is left", s.drain("one", 2500))
	s.close("one")
}

// expire: what one holds for too long another gets.
func (s *sharing) expire() {
	s.begin("expire", 1, 6)
	s.open("one", true)
	if first := s.take("one", shareWaitMs); len(first) != 6 {
		s.t.Fatalf("%s: one has %v", s.name, first)
	}
	s.open("two", true)
	got := seen{}
	for len(got) < 6 {
		records := s.take("two", shareWaitMs)
		if len(records) == 0 {
			break
		}
		got.add(records)
		s.acknowledge("two", records, always("accept"))
	}
	for _, first := range numbered(0, 6, " x1") { // a client may have taken it once more before the other did
		if got[first] > 0 {
			s.t.Errorf("%s: what one holds another has: %v", s.name, got)
		}
	}
	s.want("held too long, then another's", names(got), numbered(0, 6, "")...)
	s.want("nothing is left", s.drain("two", 2500))
	s.close("two")
	_, _ = s.try(request{Op: "share_close", Member: "one"}) // it may say that it was too late
}

// depart: what one holds who leaves another gets at once.
func (s *sharing) depart() {
	s.begin("depart", 1, 0)
	s.open("one", true)
	s.open("two", true)
	s.add(0, 1)
	member, other := "one", "two"
	held := s.take(member, 1500)
	if len(held) == 0 {
		member, other = other, member
		held = s.take(member, shareWaitMs)
	}
	if len(held) != 1 {
		s.t.Fatalf("%s: %s has %v", s.name, member, held)
	}
	s.close(member)
	got := seen{}
	got.add(s.take(other, shareWaitMs))
	s.want("what the one who left held", names(got), "0")
	s.close(other)
}

// implicit: what a poll gave is accepted by the next.
func (s *sharing) implicit() {
	s.begin("implicit", 2, 20)
	s.open("one", false)
	got := seen{}
	for len(got) < 20 {
		records := s.take("one", shareWaitMs)
		if len(records) == 0 {
			break
		}
		got.add(records)
	}
	s.take("one", 500)
	s.want("all", got, numbered(0, 20, " x1")...)
	s.close("one")
	s.open("two", false)
	if left := s.take("two", 3000); len(left) > 0 {
		s.t.Errorf("%s: accepted, and there again: %v", s.name, left)
	}
	s.close("two")
}

// renew: what one renews in time is not another's, however long it is held, and is accepted in the end.
func (s *sharing) renew() {
	s.lockMs = "5000"
	s.begin("renew", 1, 3)
	s.lockMs = ""
	s.open("one", true)
	var held []record
	for len(held) < 3 {
		records := s.take("one", shareWaitMs)
		if len(records) == 0 {
			s.t.Fatalf("%s: one has %v", s.name, held)
		}
		held = append(held, records...)
	}
	s.open("two", true)
	for range 3 { // longer than a lock
		s.acknowledge("one", held, always("renew"))
		if got := s.take("two", 2000); len(got) > 0 {
			s.t.Fatalf("%s: what one renews another has: %v", s.name, got)
		}
		if s.name == "java" { // it gives renewed records again, and says nothing more of them before
			held = s.take("one", shareWaitMs)
		}
	}
	s.acknowledge("one", held, always("accept"))
	got := seen{}
	got.add(held)
	s.want("held all the time", got, numbered(0, 3, " x1")...)
	s.want("nothing is left", s.drain("two", 2500))
	s.close("one")
	s.close("two")
}

// broken: a broker that is killed keeps what was accepted, and gives the rest again.
func (s *sharing) broken() {
	s.begin("broken", 1, 20)
	s.open("one", true)
	accepted := seen{}
	for len(accepted) < 10 {
		records := s.take("one", shareWaitMs)
		if len(records) == 0 {
			s.t.Fatalf("%s: accepted %v, then nothing came", s.name, accepted)
		}
		records = records[:min(len(records), 10-len(accepted))]
		accepted.add(records)
		s.acknowledge("one", records, always("accept"))
	}
	s.broker.Kill()
	s.broker.Start()
	s.open("two", true)
	got := seen{}
	for len(got) < 10 {
		records := s.take("two", shareWaitMs)
		if len(records) == 0 {
			break
		}
		got.add(records)
		s.acknowledge("two", records, always("accept"))
	}
	s.want("accepted, then the rest", names(accepted.with(got)), numbered(0, 20, "")...)
	s.close("two")
	_, _ = s.try(request{Op: "share_close", Member: "one"})
}
