package groups

import (
	"fmt"
	"testing"

	"weir/coordinator"
	"weir/metadata"
)

func kafkaShareGroup(t testing.TB) []coordinator.Record {
	t.Helper()
	return recordsIn(t, "testrecords/kafka-4.4.0-share.txt")
}

// Every record that Kafka wrote of a share group is read, and written again byte for byte.
func TestKafkaShareRecords(t *testing.T) {
	versions := []int16{}
	for version := int16(keyShareMember); version <= keyShareStates; version++ {
		versions = append(versions, version)
	}
	m := writtenAgain(t, kafkaShareGroup(t), versions, func(g *group, _ string, version int16, name string) coordinator.Record {
		if wrong := g.share.broken(); wrong != "" {
			t.Errorf("at a record of version %d: %s", version, wrong)
		}
		return againShare(g, version, name)
	})
	if len(m.groups) != 0 {
		t.Errorf("%d groups are left", len(m.groups))
	}
}

// Records may stand in any order after compaction: the last of each key counts.
func TestShareRecordOrder(t *testing.T) {
	id := metadata.NewTopicID()
	rack := "r"
	mem := &shareMember{id: "m", rackID: &rack, clientID: "c", clientHost: "/h", topics: []string{"a", "b"}, epoch: 7,
		previousEpoch: 6, assigned: []metadata.PartitionID{{Topic: id, Index: 0}, {Topic: id, Index: 5}}}
	states := shareStates{}.make(metadata.NewTopicID(), shareTopic{"b", []int32{1}}).
		finish(id, shareTopic{"a", []int32{0, 5}}, true).drop(metadata.NewTopicID(), "c")
	records := []coordinator.Record{
		shareMemberRecord("g", mem), sharePlaceRecord("g", mem), shareTargetRecord("g", 7, 1), shareGroupRecord("g", 7, 8),
		shareTargetMemberRecord("g", "m", mem.assigned), shareStatesRecord("g", states),
	}
	inAnyOrder(t, records)
}

// againShare writes a record anew from the state that it made.
func againShare(g *group, version int16, name string) coordinator.Record {
	s := g.share
	switch version {
	case keyShareGroup:
		return shareGroupRecord(g.id, s.epoch, s.hash)
	case keyShareMember:
		return shareMemberRecord(g.id, s.members.at(name))
	case keyShareTarget:
		return shareTargetRecord(g.id, s.targetEpoch, s.targetMs)
	case keyShareTargetMember:
		return shareTargetMemberRecord(g.id, name, s.target.at(name))
	case keySharePlace:
		return sharePlaceRecord(g.id, s.members.at(name))
	default:
		return shareStatesRecord(g.id, s.states)
	}
}

func FuzzShareRecords(f *testing.F) {
	for _, r := range kafkaShareGroup(f) {
		f.Add(r.Key, r.Value)
	}
	f.Fuzz(func(t *testing.T, key, value []byte) {
		m := testMachine()
		if err := m.Apply(coordinator.Record{Key: key, Value: value}, nil); err != nil {
			return
		}
		for _, g := range m.groups {
			if g.share == nil {
				continue
			}
			if wrong := g.share.broken(); wrong != "" {
				t.Error(wrong)
			}
			version, _ := keyVersion(key)
			_, name, _ := readConsumerKey(key, version)
			before := fmt.Sprint(image(m))
			if err := m.Apply(againShare(g, version, name), nil); err != nil || fmt.Sprint(image(m)) != before {
				t.Errorf("written again it gives another group (%v)", err)
			}
		}
	})
}
