package groups

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"weir/coordinator"
)

func kafkaStreamsGroups(t testing.TB) []coordinator.Record {
	t.Helper()
	return recordsIn(t, "testrecords/kafka-4.4.0-streams.txt")
}

// Every record that Kafka wrote of streams groups is read, and written again byte for byte.
func TestKafkaStreamsRecords(t *testing.T) {
	m := writtenAgain(t, kafkaStreamsGroups(t), []int16{17, 19, 20, 21, 22, 23},
		func(g *group, groupID string, version int16, name string) coordinator.Record {
			return g.streams.record(groupID, version, name)
		})
	if app := m.groups["app"]; app == nil || app.streams.state() != StateStable || app.streams.members.len() != 2 {
		t.Errorf("the group that ran is %+v", app)
	}
}

// record writes a record anew from the state that it made.
func (s *streams) record(groupID string, version int16, name string) coordinator.Record {
	switch version {
	case keyStreamsGroup:
		return streamsGroupRecord(groupID, s.epoch, s.hash, s.validated, s.standbys)
	case keyStreamsMember:
		return streamsMemberRecord(groupID, s.members.at(name))
	case keyStreamsTarget:
		return streamsTargetRecord(groupID, s.targetEpoch, s.targetMs)
	case keyStreamsShare:
		return streamsShareRecord(groupID, name, s.target.at(name))
	case keyStreamsPlace:
		return streamsPlaceRecord(groupID, s.members.at(name))
	default:
		return topologyRecord(groupID, s.topology)
	}
}

// told is all that records say of the group.
func (s *streams) told() string {
	var b strings.Builder
	add := func(r coordinator.Record) { fmt.Fprintf(&b, "%x %x\n", r.Key, r.Value) }
	add(s.record("", keyStreamsGroup, ""))
	add(s.record("", keyStreamsTarget, ""))
	if s.topology != nil {
		add(s.record("", keyStreamsTopology, ""))
	}
	for _, id := range slices.Sorted(s.members.keys()) {
		add(s.record("", keyStreamsMember, id))
		add(s.record("", keyStreamsPlace, id))
	}
	for _, id := range slices.Sorted(s.target.keys()) {
		add(s.record("", keyStreamsShare, id))
	}
	for _, instance := range slices.Sorted(s.static.keys()) {
		fmt.Fprintln(&b, instance, s.static.at(instance))
	}
	return b.String()
}

// Records may stand in any order after compaction: the last of each key counts.
func TestStreamsRecordOrder(t *testing.T) {
	instance := "i"
	mem := &streamsMember{id: "m", instanceID: &instance, clientID: "c", clientHost: "/h", rebalanceTimeout: 5, processID: "p",
		endpoint: &Endpoint{"host", 65535}, tags: []Tag{{"k", "v"}}, epoch: 7, previousEpoch: 6, state: memberUnrevoked,
		assigned: taskSet{active: []task{{"0", 1, 3}}}, revoking: taskSet{active: []task{{"0", 2, 4}}, standby: []task{{sub: "1"}}}}
	topology := topology(*topologies["count"]())
	records := []coordinator.Record{
		streamsMemberRecord("g", mem), streamsPlaceRecord("g", mem), streamsTargetRecord("g", 7, 1),
		streamsGroupRecord("g", 7, 8, 0, 1), streamsShareRecord("g", "m", mem.assigned), topologyRecord("g", &topology),
	}
	inAnyOrder(t, records)
}

func FuzzStreamsRecords(f *testing.F) {
	for _, r := range kafkaStreamsGroups(f) {
		f.Add(r.Key, r.Value)
	}
	f.Fuzz(func(t *testing.T, key, value []byte) {
		m := testMachine()
		if err := m.Apply(coordinator.Record{Key: key, Value: value}, nil); err != nil {
			return
		}
		for id, g := range m.groups {
			if g.streams == nil {
				continue
			}
			version, _ := keyVersion(key)
			_, name, _ := readConsumerKey(key, version)
			before := fmt.Sprint(image(m))
			if err := m.Apply(g.streams.record(id, version, name), nil); err != nil || fmt.Sprint(image(m)) != before {
				t.Errorf("written again it gives another group (%v)", err)
			}
			if g.streams.topology != nil {
				layOut(g.streams.topology, m.image())
			}
			m.describeStreams(id)
		}
	})
}
