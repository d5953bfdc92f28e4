package groups

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/coordinator"
)

// kafkaRecords were written by Apache Kafka 4.3.1, to two partitions: a static member of a group that commits
// and is removed, and an administrator's commit with the group's deletion.
var kafkaRecords = []struct{ key, value string }{
	{"0002000b70726f62652d67726f7570", "0003000000000000ffffffff000001a204c04e6900000000"},
	{"0002000b70726f62652d67726f7570", "00030008636f6e73756d6572000000010012" +
		"636f6f70657261746976652d737469636b79" +
		"002d7374617469632d312d35643834343364332d313836382d343131622d396365642d366438363239343561623936" +
		"000001a204c05a2800000001" +
		"002d7374617469632d312d35643834343364332d313836382d343131622d396365642d366438363239343561623936" +
		"00087374617469632d3100036b676f000a2f3132372e302e302e310000ea600000afc8" +
		"0000001f000300000001000570726f6265000000040000000000000000ffffffffffff" +
		"00000019000000000001000570726f62650000000100000000ffffffff"},
	{"0001000b70726f62652d67726f7570000570726f626500000000", "00040000000000000001000000002e" +
		"7374617469632d312d35643834343364332d313836382d343131622d396365642d366438363239343561623936" +
		"000001a204c05a7a0100100890fd701adb4ea49c8e0643b7d39d94"},
	{"0001000673696d706c65000570726f626500000000", "0004000000000000000100000003056d657461000001a204c05a89" +
		"0100100890fd701adb4ea49c8e0643b7d39d94"},
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func testMachine() *machine {
	c := Config{}.withDefaults()
	return newMachine(&c, newMemberIDSuffix, newView(), testLogger())
}

func testLogger() *slog.Logger { return slog.New(slog.DiscardHandler) }

// Kafka's records give the group that Kafka had, and are written again byte for byte.
func TestKafkaRecords(t *testing.T) {
	m := testMachine()
	for i, r := range kafkaRecords {
		if err := m.Apply(coordinator.Record{Key: unhex(r.key), Value: unhex(r.value)}, nil); err != nil {
			t.Fatalf("record %d: %v", i, err)
		}
	}
	g := m.groups["probe-group"]
	c := g.classic
	if c.generation != 1 || *c.protocol != "cooperative-sticky" || c.protocolType != "consumer" ||
		len(c.members) != 1 {
		t.Fatalf("group is %+v", c)
	}
	mem := c.members[c.leader]
	if mem == nil || *mem.instanceID != "static-1" || mem.sessionTimeout != 45000 ||
		mem.rebalanceTimeout != 60000 {
		t.Fatalf("member is %+v", mem)
	}
	if topics := c.subscriptions(); len(topics) != 1 {
		t.Errorf("topics %v", topics)
	}
	want := func(i int, r coordinator.Record) {
		t.Helper()
		kafka := kafkaRecords[i]
		if hex.EncodeToString(r.Key) != kafka.key || hex.EncodeToString(r.Value) != kafka.value {
			t.Errorf("record %d is written as\n%x\n%x\nwant\n%s\n%s", i, r.Key, r.Value, kafkaRecords[i].key,
				kafkaRecords[i].value)
		}
	}
	want(0, newGroupRecord("probe-group", int64(binary.BigEndian.Uint64(unhex("000001a204c04e69")))))
	want(1, groupRecord("probe-group", c, map[string][]byte{mem.id: mem.assignment}))
	want(2, offsetRecord("probe-group", "probe", 0, g.offsets[0].offsets[0]))
	want(3, offsetRecord("simple", "probe", 0, m.groups["simple"].offsets[0].offsets[0]))
	o := m.groups["simple"].offsets[0].offsets[0]
	if o.offset != 1 || o.leaderEpoch != 3 || o.metadata != "meta" {
		t.Errorf("offset %+v", o)
	}
}

// Every version that Kafka ever wrote can be read.
func TestOldVersions(t *testing.T) {
	for version := int16(0); version <= valueOffsetMax; version++ {
		v := kmsg.NewOffsetCommitValue()
		v.Version, v.Offset, v.LeaderEpoch, v.Metadata = version, 5, 6, "m"
		v.CommitTimestamp, v.ExpireTimestamp = 7, 8
		o, err := readOffset(v.AppendTo(nil))
		want := offset{offset: 5, leaderEpoch: -1, metadata: "m", committedMs: 7, expireMs: -1}
		if version >= 3 {
			want.leaderEpoch = 6
		}
		if version == 1 {
			want.expireMs = 8
		}
		if err != nil || o != want {
			t.Errorf("offset version %d: %+v, %v; want %+v", version, o, err, want)
		}
	}
	for version := int16(0); version <= valueGroupMax; version++ {
		v := kmsg.NewGroupMetadataValue()
		v.Version, v.Generation, v.CurrentStateTimestamp = version, 3, 9
		member := kmsg.NewGroupMetadataValueMember()
		member.MemberID, member.SessionTimeoutMillis, member.RebalanceTimeoutMillis = "m", 10, 20
		v.Members = append(v.Members, member)
		got, err := readGroup(v.AppendTo(nil))
		if err != nil || got.Generation != 3 || len(got.Members) != 1 {
			t.Fatalf("group version %d: %+v, %v", version, got, err)
		}
		rebalance := got.Members[0].RebalanceTimeoutMillis
		if version == 0 && rebalance != 10 || version > 0 && rebalance != 20 {
			t.Errorf("group version %d: rebalance timeout %d", version, rebalance)
		}
		if since := got.CurrentStateTimestamp; version < 2 && since != -1 || version >= 2 && since != 9 {
			t.Errorf("group version %d: since %d", version, since)
		}
	}
}

// Unknown kinds of records are left alone; unknown versions of known kinds and damaged ones are errors.
func TestUnknownRecords(t *testing.T) {
	m := testMachine()
	apply := func(key, value []byte) error { return m.Apply(coordinator.Record{Key: key, Value: value}, nil) }
	for _, version := range []byte{9, 18, 24} {
		if err := apply([]byte{0, version, 1, 2, 3}, []byte{0, 0, 1}); err != nil {
			t.Errorf("key version %d: %v", version, err)
		}
	}
	good := offsetRecord("g", "t", 0, offset{})
	for _, bad := range [][2][]byte{
		{nil, nil}, {{0}, nil}, {{0, 1, 0}, good.Value},
		{good.Key, {}}, {good.Key, {0, 5}}, {good.Key, good.Value[:9]},
		{groupKey("g"), {0, 9}}, {groupKey("g"), {0, 3, 0}}, {groupKey("g")[:4], nil},
	} {
		if err := apply(bad[0], bad[1]); err == nil {
			t.Errorf("no error for key %x, value %x", bad[0], bad[1])
		}
	}
	if len(m.groups) != 0 {
		t.Errorf("groups %v", m.groups)
	}
}

// A group's record that comes after its offsets, as compaction may leave it, keeps the offsets.
func TestGroupRecordKeepsOffsets(t *testing.T) {
	m := testMachine()
	for _, r := range []coordinator.Record{
		offsetRecord("g", "t", 0, offset{offset: 7}), newGroupRecord("g", 1), groupTombstone("g"),
	} {
		if err := m.Apply(r, nil); err != nil {
			t.Fatal(err)
		}
		if m.groups["g"].offsets[0].offsets[0].offset != 7 {
			t.Fatalf("offset is lost after %x", r.Key)
		}
	}
	m.Apply(offsetTombstone("g", "t", 0), nil)
	m.Apply(groupTombstone("g"), nil)
	if len(m.groups) != 0 {
		t.Error("group is still there")
	}
}

func TestParseSubscription(t *testing.T) {
	topics, err := parseSubscription(subscription("a", "", "bc"))
	if err != nil || !slices.Equal(topics, []string{"a", "", "bc"}) {
		t.Errorf("topics %q, %v", topics, err)
	}
	for _, bad := range []string{
		"", "0001", "00010000", "ffff00000000", "0001ffffffff", "00017fffffff", "0001000000010005",
		"000100000001ffff",
	} {
		if topics, err := parseSubscription(unhex(bad)); err == nil {
			t.Errorf("%s gives %q", bad, topics)
		}
	}
}

func FuzzApply(f *testing.F) {
	for _, r := range kafkaRecords {
		f.Add(unhex(r.key), unhex(r.value))
	}
	f.Add(groupKey("g"), []byte{})
	f.Fuzz(func(t *testing.T, key, value []byte) {
		m := testMachine()
		r := coordinator.Record{Key: key, Value: value}
		err := m.Apply(r, nil)
		if _, dumpErr := DumpRecord(key, value); err != nil && dumpErr == nil {
			t.Errorf("cannot be applied (%v) but dumped", err)
		}
		before := fmt.Sprint(image(m))
		var undo coordinator.Undo
		if err := m.Apply(r, &undo); err == nil && fmt.Sprint(image(m)) != before {
			t.Errorf("applying twice gives another state")
		}
	})
}

func FuzzParseSubscription(f *testing.F) {
	f.Add(subscription("a", "bc"))
	f.Add(unhex("000300000001000570726f6265000000040000000000000000ffffffffffff"))
	f.Fuzz(func(t *testing.T, metadata []byte) {
		topics, err := parseSubscription(metadata)
		if err != nil {
			return
		}
		size := 6
		for _, topic := range topics {
			size += 2 + len(topic)
		}
		if size > len(metadata) {
			t.Errorf("%d bytes give %q", len(metadata), topics)
		}
	})
}
