package groups

import (
	"fmt"
	"testing"

	"weir/coordinator"
)

// BenchmarkLoad measures how fast a shard comes up: a hundred groups with a thousand committed offsets each.
func BenchmarkLoad(b *testing.B) {
	r := openRig(Config{})
	defer func() { r.Resign(0) }()
	for g := range 100 {
		commit := CommitRequest{GroupID: fmt.Sprint("group-", g), Generation: NoGeneration, RetentionMs: -1}
		t := CommitTopic{Name: "some-topic-name"}
		t.ID[0] = 1
		for p := range 1000 {
			t.Partitions = append(t.Partitions, CommitPartition{Index: int32(p), Offset: int64(p)})
		}
		commit.Topics = append(commit.Topics, t)
		if _, err := r.CommitOffsets(commit).Result(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		r.Resign(0)
		r.start()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100_000, "ns/offset")
}

// BenchmarkCommit measures commits of many groups in flight at once, without a disk.
func BenchmarkCommit(b *testing.B) {
	r := openRig(Config{})
	defer func() { r.Resign(0) }()
	requests := make([]CommitRequest, 1000)
	for i := range requests {
		requests[i] = CommitRequest{
			GroupID: fmt.Sprintf("group-%d", i), Generation: NoGeneration, RetentionMs: -1,
			Topics: []CommitTopic{{Name: "some-topic-name", Partitions: []CommitPartition{{Offset: 5}}}},
		}
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		var last *coordinator.Future[CommitResponse]
		for range 100 {
			last = r.CommitOffsets(requests[n%len(requests)])
			n++
		}
		if _, err := last.Result(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/commit")
}
