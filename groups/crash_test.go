package groups

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"

	"weir/internal/clock"
	"weir/log"
	"weir/metadata"
	"weir/partition"
	"weir/vfs"
)

// TestCommitsSurvivePowerCuts has groups commit rising offsets to a real partition while the power is cut
// again and again: an offset that was acknowledged never goes back, and none is there that was not asked for.
func TestCommitsSurvivePowerCuts(t *testing.T) {
	const cuts, groups = 40, 4
	random := rand.New(rand.NewPCG(1, 2))
	topic := metadata.NewTopicID()
	mem := vfs.NewMem()
	var acked, asked [groups]int64
	for cut := range cuts {
		run := openRun(t, mem, topic)
		for g := range groups {
			at := run.fetched(t, g)
			if at < acked[g] || at > asked[g] {
				t.Fatalf("cut %d: group %d is at %d; want %d to %d", cut, g, at, acked[g], asked[g])
			}
			acked[g], asked[g] = at, at
		}
		total := acked[0] + int64(1+random.IntN(30))
		var all sync.WaitGroup
		var mu sync.Mutex // guards acked, asked and the cut
		var after *vfs.Mem
		for g := range groups {
			all.Go(func() {
				for {
					mu.Lock()
					if after != nil {
						mu.Unlock()
						return
					}
					asked[g]++
					offset := asked[g]
					mu.Unlock()
					_, err := run.commit(g, offset).Result()
					mu.Lock()
					if err == nil && after == nil {
						acked[g] = offset
					}
					mu.Unlock()
				}
			})
		}
		for {
			mu.Lock()
			if acked[0] >= total {
				after = mem.CrashClone(vfs.CrashOptions{UnsyncedPercent: 10 * random.IntN(11), Rand: random})
				mu.Unlock()
				break
			}
			mu.Unlock()
		}
		all.Wait()
		run.close()
		mem = after
	}
}

// run is one life of a process: a service on a partition.
type run struct {
	*Service
	dir     *log.Directory
	flusher *partition.SyncCommitter
}

func openRun(t *testing.T, fs vfs.FS, topic metadata.TopicID) *run {
	quiet := slog.New(slog.DiscardHandler)
	dir, err := log.OpenDirectory(fs, "/data", log.DirectoryConfig{BallastBytes: -1}, clock.Real(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	l, err := dir.Open(metadata.PartitionID{Topic: topic}, log.DefaultConfig(), 1)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{dir: dir, flusher: partition.NewSyncCommitter(partition.SyncConfig{}, clock.Real())}
	r.Service = New(Config{OffsetsPartitions: 1}, clock.Real(), quiet)
	r.BecomeLeader(0, partition.New(l, r.flusher, 1, clock.Real()))
	<-r.Loaded(0)
	return r
}

func (r *run) close() {
	r.Resign(0)
	r.flusher.Close()
}

func (r *run) commit(group int, offset int64) interface {
	Result() (CommitResponse, error)
} {
	return r.CommitOffsets(CommitRequest{
		GroupID: fmt.Sprint("g", group), Generation: NoGeneration, RetentionMs: -1,
		Topics: []CommitTopic{{Name: "t", Partitions: []CommitPartition{{Offset: offset, LeaderEpoch: -1}}}},
	})
}

func (r *run) fetched(t *testing.T, group int) int64 {
	f, err := r.FetchOffsets(FetchRequest{
		GroupID: fmt.Sprint("g", group), Topics: []FetchTopic{{Name: "t", Partitions: []int32{0}}},
	}).Result()
	if err != nil {
		t.Fatal(err)
	}
	return max(f.Topics[0].Partitions[0].Offset, 0)
}
