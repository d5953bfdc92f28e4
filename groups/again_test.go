package groups

import (
	"bytes"
	"fmt"
	"testing"

	"weir/coordinator"
)

// writtenAgain applies records that Kafka wrote, one after the other, and fails if one that write makes anew from the state is not
// the same byte for byte, or if a version of key did not come. Offsets, classic groups and tombstones are only applied.
func writtenAgain(t *testing.T, records []coordinator.Record, versions []int16,
	write func(g *group, groupID string, version int16, name string) coordinator.Record,
) *machine {
	t.Helper()
	m := testMachine()
	seen := make(map[int16]int)
	for i, r := range records {
		if err := m.Apply(r, nil); err != nil {
			t.Fatalf("record %d: %v", i, err)
		}
		version, _ := keyVersion(r.Key)
		seen[version]++
		if r.Value == nil || version <= keyGroup {
			continue
		}
		groupID, name, err := readConsumerKey(r.Key, version)
		if err != nil {
			t.Fatal(err)
		}
		got := write(m.groups[groupID], groupID, version, name)
		if !bytes.Equal(got.Key, r.Key) || !bytes.Equal(got.Value, r.Value) {
			t.Errorf("record %d of version %d is written as\n%x\n%x\nwant\n%x\n%x", i, version, got.Key, got.Value, r.Key, r.Value)
		}
	}
	for _, version := range versions {
		if seen[version] == 0 {
			t.Errorf("no record of version %d", version)
		}
	}
	return m
}

// inAnyOrder applies records beginning with each in turn: after compaction they may stand so, and give the same.
func inAnyOrder(t *testing.T, records []coordinator.Record) {
	t.Helper()
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
