package cluster

import (
	"fmt"
	"path/filepath"
	"testing"
)

// BenchmarkOpenBolt measures what metadata adds to a start: checking the file and raising the epochs.
func BenchmarkOpenBolt(b *testing.B) {
	for _, topics := range []int{0, 1000, 10000} {
		b.Run(fmt.Sprintf("topics=%d", topics), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "meta.db")
			s, err := OpenBolt(path)
			if err != nil {
				b.Fatal(err)
			}
			var ops []Op
			for i := range topics {
				id := fmt.Sprintf("%022d", i)
				ops = append(ops, Put(topicsPart+id, make([]byte, 60)), Put(partsPart+id+"/0", make([]byte, 90)),
					Put(namesPart+id, make([]byte, 40)))
			}
			for len(ops) > 0 {
				n := min(len(ops), s.MaxOps())
				if ok, _, err := s.Txn(b.Context(), nil, ops[:n]); !ok || err != nil {
					b.Fatal(err)
				}
				ops = ops[n:]
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				s, err := OpenBolt(path)
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
