package groups

import (
	"encoding/hex"
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
	m := testMachine()
	seen := make(map[int16]int)
	for i, r := range kafkaShareGroup(t) {
		if err := m.Apply(r, nil); err != nil {
			t.Fatalf("record %d: %v", i, err)
		}
		version, _ := keyVersion(r.Key)
		seen[version]++
		if r.Value == nil {
			continue
		}
		groupID, name, err := readConsumerKey(r.Key, version)
		if err != nil {
			t.Fatal(err)
		}
		g := m.groups[groupID]
		if wrong := g.share.broken(); wrong != "" {
			t.Errorf("after record %d: %s", i, wrong)
		}
		got := againShare(g, version, name)
		if hex.EncodeToString(got.Key) != hex.EncodeToString(r.Key) ||
			hex.EncodeToString(got.Value) != hex.EncodeToString(r.Value) {
			t.Errorf("record %d of version %d is written as\n%x\n%x\nwant\n%x\n%x", i, version, got.Key, got.Value, r.Key, r.Value)
		}
	}
	for version := int16(keyShareMember); version <= keyShareStates; version++ {
		if seen[version] == 0 {
			t.Errorf("no record of version %d", version)
		}
	}
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
	var want string
	for shift := range records {
		m := testMachine()
		for i := range records {
			if err := m.Apply(records[(i+shift)%len(records)], nil); err != nil {
				t.Fatal(err)
			}
		}
		got := fmt.Sprint(image(m))
		if shift == 0 {
			want = got
		}
		if got != want {
			t.Errorf("beginning with record %d the group is\n%s\nwant\n%s", shift, got, want)
		}
	}
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
