package partition

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"

	"weir/internal/clock"
	"weir/log"
	"weir/metadata"
	"weir/vfs"
)

// BenchmarkCommit appends small batches from several writers at a time and waits until each is committed, on the machine's disk.
func BenchmarkCommit(b *testing.B) {
	for _, page := range []bool{true, false} {
		for _, writers := range []int{1, 16} {
			b.Run(fmt.Sprintf("sync=%v/writers=%d", !page, writers), func(b *testing.B) { benchCommit(b, page, writers) })
		}
	}
}

func benchCommit(b *testing.B, page bool, writers int) {
	d, err := log.OpenDirectory(vfs.OS(), b.TempDir(), log.DirectoryConfig{BallastBytes: -1}, clock.Real(), quiet)
	must(b, err)
	b.Cleanup(func() { must(b, d.Close(context.Background())) })
	cfg := log.DefaultConfig()
	if page {
		cfg.FlushMessages = math.MaxInt64
	}
	l, err := d.Open(metadata.PartitionID{Topic: metadata.NewTopicID()}, cfg, 1)
	must(b, err)
	flusher := NewSyncCommitter(SyncConfig{}, clock.Real())
	b.Cleanup(flusher.Close)
	var c Committer = flusher
	if page {
		c = NewPageCacheCommitter(flusher, clock.Real())
	}
	p := New(l, c, 1, clock.Real())
	b.ReportAllocs()
	b.ResetTimer()
	var running sync.WaitGroup
	for i := range writers {
		n := b.N / writers
		if i == 0 {
			n += b.N % writers
		}
		running.Go(func() {
			one := batch(1)
			for range n {
				t, err := p.Append(one, AppendOptions{ExpectedLeaderEpoch: -1})
				if err == nil {
					err = t.Wait(nil)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
}
