package broker

import (
	"errors"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"weir/metadata"
)

// TestGroupsOutliveCompaction: many commits of few groups leave a small __consumer_offsets, and a start that reads it
// knows all of them.
func TestGroupsOutliveCompaction(t *testing.T) {
	dir := t.TempDir()
	set := []string{"offsets.topic.num.partitions=1",
		"log.cleaner.min.cleanable.ratio=0", "log.cleaner.threads=0"} // passes are made by hand
	b := openDir(t, dir, set...)
	topic(t, b, "read", 3)
	const groups, commits = 5, 400
	want := map[string]kadm.Offsets{}
	a := admin(t, b)
	commit := func(n int) {
		for i := range n {
			name := fmt.Sprint("group ", i%groups)
			offsets := kadm.Offsets{}
			for p := range int32(3) {
				offsets.AddOffset("read", p, int64(i)*3+int64(p), -1)
			}
			if err := a.CommitAllOffsets(limit(t), name, offsets); err != nil {
				t.Fatal(err)
			}
			want[name] = offsets
		}
	}
	commit(commits)
	if _, err := a.DeleteGroups(limit(t), "group 4"); err != nil {
		t.Fatal(err)
	}
	delete(want, "group 4")
	id := metadata.PartitionID{Topic: b.cluster.Image().Topic(offsetsTopic).ID}
	p, err := b.partitions.Get(id)
	if err != nil {
		t.Fatal(err)
	}
	before := p.Log().Size()
	if err := errors.Join(p.Log().Roll(), b.directory.Checkpoint()); err != nil {
		t.Fatal(err)
	}
	done, did := b.directory.CompactNext()
	if !did {
		t.Fatalf("no pass: %+v", p.Log().Compaction())
	}
	if after := p.Log().Size(); after > before/20 || done.RecordsKept > 4*3+3+2*groups {
		t.Errorf("%d bytes, %d records are left of %d bytes, %d records", after, done.RecordsKept, before, done.RecordsRead)
	}
	check := func(when string) {
		t.Helper()
		for name, offsets := range want {
			got, err := admin(t, b).FetchOffsets(limit(t), name)
			if err != nil {
				t.Fatal(err)
			}
			offsets.Each(func(o kadm.Offset) {
				if at, ok := got.Lookup(o.Topic, o.Partition); !ok || at.At != o.At {
					t.Errorf("%s: %s of partition %d is at %+v; want %d", when, name, o.Partition, at, o.At)
				}
			})
		}
		listed, err := admin(t, b).ListGroups(limit(t))
		if err != nil || len(listed) != len(want) {
			t.Errorf("%s: groups %v, %v; want %d", when, listed.Groups(), err, len(want))
		}
	}
	check("compacted")
	shut(t, b)
	b = openDir(t, dir, set...)
	check("after a start")
	a = admin(t, b)
	commit(groups - 1)
	check("going on")
}

// TestCompactionFollowsTheSettings: a topic that is compacted, a topic that becomes one, and cleaner threads that come
// over the wire.
func TestCompactionFollowsTheSettings(t *testing.T) {
	b := openDir(t, t.TempDir(), "log.cleaner.threads=0", "log.cleaner.backoff.ms=1")
	topic(t, b, "state", 1, "cleanup.policy=compact", "min.cleanable.dirty.ratio=0", "min.compaction.lag.ms=7",
		"max.compaction.lag.ms=1000000", "delete.retention.ms=9")
	image := b.cluster.Image()
	p, err := b.partitions.Get(metadata.PartitionID{Topic: image.Topic("state").ID})
	if err != nil {
		t.Fatal(err)
	}
	c := p.Log().Config()
	if !c.CleanupCompact || c.CleanupDelete || c.MinCleanableDirtyRatio != 0 || c.MinCompactionLagMs != 7 ||
		c.MaxCompactionLagMs != 1_000_000 || c.DeleteRetentionMs != 9 {
		t.Fatalf("the log has %+v", c)
	}
	if got := b.settings.compaction(image); got.Threads != 0 || got.KeyBytes != 128<<20 {
		t.Fatalf("compaction has %+v", got)
	}
	threads := "3"
	if _, err := admin(t, b).AlterBrokerConfigs(limit(t), []kadm.AlterConfig{
		{Op: kadm.SetConfig, Name: "log.cleaner.threads", Value: &threads}}); err != nil {
		t.Fatal(err)
	}
	if got := b.settings.compaction(b.cluster.Image()); got.Threads != 3 {
		t.Fatalf("compaction has %+v", got)
	}
}
