package groups

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"weir/coordinator"
	"weir/metadata"
)

// kafkaGroup reads the records in testrecords.
func kafkaGroup(t testing.TB) []coordinator.Record {
	return recordsIn(t, "testrecords/kafka-4.4.0.txt")
}

func recordsIn(t testing.TB, file string) []coordinator.Record {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []coordinator.Record
	for line := range strings.Lines(string(data)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || key == "#" {
			continue
		}
		r := coordinator.Record{Key: unhex(key)}
		if value != "nil" {
			r.Value = unhex(value)
		}
		all = append(all, r)
	}
	return all
}

// again writes a record anew from the state that it made.
func again(g *group, version int16, name string) coordinator.Record {
	c := g.consumer
	switch version {
	case keyConsumerGroup:
		return consumerGroupRecord(g.id, c.epoch, c.hash)
	case keyConsumerMember:
		return consumerMemberRecord(g.id, c.members.at(name))
	case keyTarget:
		return targetRecord(g.id, c.targetEpoch, c.targetMs)
	case keyTargetMember:
		return targetMemberRecord(g.id, name, c.target.at(name))
	case keyPlace:
		return placeRecord(g.id, c.members.at(name))
	default:
		return regexRecord(g.id, name, c.regexes.at(name))
	}
}

// Every record that Kafka wrote is read, and written again byte for byte.
func TestKafkaConsumerRecords(t *testing.T) {
	m := writtenAgain(t, kafkaGroup(t), []int16{2, 3, 4, 5, 6, 7, 8, 16},
		func(g *group, _ string, version int16, name string) coordinator.Record {
			return again(g, version, name)
		})
	if len(m.groups) != 1 {
		t.Errorf("%d groups", len(m.groups))
	}
}

// Through all its records the group is what Kafka had.
func TestKafkaConsumerGroup(t *testing.T) {
	m := testMachine()
	states := make(map[State]bool)
	for _, r := range kafkaGroup(t) {
		if err := m.Apply(r, nil); err != nil {
			t.Fatal(err)
		}
		for _, g := range m.groups {
			states[g.listed().State] = true
			if g.consumer != nil {
				if wrong := g.consumer.broken(); wrong != "" {
					t.Error(wrong)
				}
			}
		}
	}
	for _, s := range []State{StateEmpty, StateAssigning, StateReconciling, StateStable} {
		if !states[s] {
			t.Errorf("the group never was %s", s)
		}
	}
}

// Members' records may stand in any order after compaction: the last of each key counts.
func TestConsumerRecordOrder(t *testing.T) {
	id := metadata.NewTopicID()
	mem := newConsumerMember("m")
	mem.clientID, mem.topics = "c", []string{"a", "b"}
	mem.epoch, mem.previousEpoch = 7, 6
	mem.assigned = heldAt([]metadata.PartitionID{{Topic: id, Index: 0}, {Topic: id, Index: 5}}, 3)
	records := []coordinator.Record{
		consumerMemberRecord("g", mem), placeRecord("g", mem), targetRecord("g", 7, 1), consumerGroupRecord("g", 7, 8),
		targetMemberRecord("g", "m", partitionsOf(mem.assigned)), offsetRecord("g", "a", 0, offset{offset: 1, expireMs: -1}),
		regexRecord("g", "x.*", &resolved{[]string{"x"}, 1, 2}),
	}
	inAnyOrder(t, records)
}

// Records of Kafka 4.0 know neither hashes nor when partitions were assigned, and list topics by themselves.
func TestOldConsumerRecords(t *testing.T) {
	m := testMachine()
	for _, r := range []struct{ key, value string }{
		{"0003000167", "00000000000500"},
		{"0004000167", "0000020000000000000000000000000000000102740000000301"},
		{"0008000167" + "00016d", "0000000000050000000400" + "02" + "00000000000000000000000000000001" +
			"03" + "0000000000000002" + "00" + "01" + "00"},
	} {
		if err := m.Apply(coordinator.Record{Key: unhex(r.key), Value: unhex(r.value)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	c := m.groups["g"].consumer
	if !c.hasTopics || c.epoch != 5 || c.hash != 0 {
		t.Errorf("group %+v", c)
	}
	if got := c.members.at("m").assigned; len(got) != 2 || got[0].epoch != 5 {
		t.Errorf("assigned %+v", got)
	}
}

func FuzzConsumerRecords(f *testing.F) {
	for _, r := range kafkaGroup(f) {
		f.Add(r.Key, r.Value)
	}
	f.Fuzz(func(t *testing.T, key, value []byte) {
		m := testMachine()
		r := coordinator.Record{Key: key, Value: value}
		if err := m.Apply(r, nil); err != nil {
			return
		}
		for _, g := range m.groups {
			if g.consumer == nil {
				continue
			}
			if wrong := g.consumer.broken(); wrong != "" {
				t.Error(wrong)
			}
			version, _ := keyVersion(key)
			if version == keyConsumerTopics {
				continue
			}
			_, name, _ := readConsumerKey(key, version)
			before := fmt.Sprint(image(m))
			if err := m.Apply(again(g, version, name), nil); err != nil || fmt.Sprint(image(m)) != before {
				t.Errorf("written again it gives another group (%v)", err)
			}
		}
	})
}
