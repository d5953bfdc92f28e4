package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// eachStore runs the contract of MetaStore against every implementation.
func eachStore(t *testing.T, test func(t *testing.T, s MetaStore)) {
	t.Run("memory", func(t *testing.T) {
		s := NewMemStore()
		defer closeStore(t, s)
		test(t, s)
	})
	t.Run("bbolt", func(t *testing.T) {
		s, err := OpenBolt(filepath.Join(t.TempDir(), "meta.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer closeStore(t, s)
		test(t, s)
	})
}

func closeStore(t *testing.T, s MetaStore) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func mustTxn(t *testing.T, s MetaStore, conds []Cond, ops ...Op) int64 {
	t.Helper()
	ok, rev, err := s.Txn(t.Context(), conds, ops)
	if err != nil || !ok {
		t.Fatalf("Txn: ok %v, %v", ok, err)
	}
	return rev
}

func content(t *testing.T, s MetaStore, prefix string) string {
	t.Helper()
	kvs, _, err := s.Range(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, kv := range kvs {
		text += fmt.Sprintf("%s=%s@%d ", kv.Key, kv.Value, kv.ModRev)
	}
	return text
}

func TestRangeGivesPrefixInOrder(t *testing.T) {
	eachStore(t, func(t *testing.T, s MetaStore) {
		mustTxn(t, s, nil, Put("/b/2", []byte("x")), Put("/b/1", []byte("y")), Put("/c", []byte("z")))
		mustTxn(t, s, nil, Put("/b/3", nil), Delete("/c"))
		if got, want := content(t, s, "/b/"), "/b/1=y@1 /b/2=x@1 /b/3=@2 "; got != want {
			t.Errorf("got %s; want %s", got, want)
		}
		if got := content(t, s, "/c"); got != "" {
			t.Errorf("a deleted key is still there: %s", got)
		}
	})
}

func TestTxnComparesRevisions(t *testing.T) {
	eachStore(t, func(t *testing.T, s MetaStore) {
		first := mustTxn(t, s, []Cond{{Key: "/k"}}, Put("/k", []byte("1")))
		ok, rev, err := s.Txn(t.Context(), []Cond{{Key: "/k"}}, []Op{Put("/k", []byte("2"))})
		if ok || err != nil || rev != first {
			t.Fatalf("a key that exists must not pass for absent: ok %v rev %d err %v", ok, rev, err)
		}
		second := mustTxn(t, s, []Cond{{Key: "/k", ModRev: first}}, Put("/k", []byte("2")))
		ok, _, err = s.Txn(t.Context(), []Cond{{Key: "/k", ModRev: first}}, []Op{Delete("/k"), Put("/l", nil)})
		if ok || err != nil {
			t.Fatalf("an old revision must not pass: ok %v err %v", ok, err)
		}
		if got, want := content(t, s, "/"), fmt.Sprintf("/k=2@%d ", second); got != want {
			t.Errorf("got %s; want %s", got, want)
		}
	})
}

func TestTxnWithoutChangeKeepsTheRevision(t *testing.T) {
	eachStore(t, func(t *testing.T, s MetaStore) {
		rev := mustTxn(t, s, nil, Put("/k", nil))
		if got := mustTxn(t, s, []Cond{{Key: "/k", ModRev: rev}}); got != rev {
			t.Errorf("no ops: revision %d; want %d", got, rev)
		}
		if got := mustTxn(t, s, nil, Delete("/absent")); got != rev {
			t.Errorf("delete of nothing: revision %d; want %d", got, rev)
		}
	})
}

func TestTxnRefusesMalformedOps(t *testing.T) {
	eachStore(t, func(t *testing.T, s MetaStore) {
		for name, ops := range map[string][]Op{
			"empty key": {Put("", nil)},
			"twice":     {Put("/k", nil), Delete("/k")},
			"long key":  {Put(string(make([]byte, maxKeyBytes+1)), nil)},
			"too many":  make([]Op, s.MaxOps()+1),
		} {
			if ok, _, err := s.Txn(t.Context(), nil, ops); ok || err == nil {
				t.Errorf("%s: ok %v, %v", name, ok, err)
			}
		}
	})
}

func TestWatchSeesEveryRevisionOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s MetaStore) {
		first := mustTxn(t, s, nil, Put("/a", []byte("0")))
		early, err := s.Watch(t.Context(), "/a", first)
		if err != nil {
			t.Fatal(err)
		}
		mustTxn(t, s, nil, Put("/other", nil))
		const n = 200
		for i := range n {
			mustTxn(t, s, nil, Put("/a", fmt.Appendf(nil, "%d", i)), Put("/ab", nil))
		}
		mustTxn(t, s, nil, Delete("/a"))
		if e := <-early; e.Rev != first || len(e.Changes) != 1 {
			t.Fatalf("first event %+v", e)
		}
		for i := range n {
			e := <-early
			if e.Rev != first+2+int64(i) || len(e.Changes) != 2 || string(e.Changes[0].Value) != fmt.Sprint(i) {
				t.Fatalf("event %d: %+v", i, e)
			}
		}
		if e := <-early; len(e.Changes) != 1 || e.Changes[0].Value != nil {
			t.Errorf("the deletion: %+v", e)
		}
	})
}

func TestWatchEnds(t *testing.T) {
	eachStore(t, func(t *testing.T, s MetaStore) {
		mustTxn(t, s, nil, Put("/a", nil))
		ctx, cancel := context.WithCancel(t.Context())
		byContext, err := s.Watch(ctx, "/", 2)
		if err != nil {
			t.Fatal(err)
		}
		byClose, err := s.Watch(t.Context(), "/", 2)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, open := <-byContext; open {
			t.Error("an event after the context ended")
		}
		closeStore(t, s)
		if _, open := <-byClose; open {
			t.Error("an event after the store closed")
		}
		if _, _, err := s.Txn(t.Context(), nil, []Op{Put("/a", nil)}); !errors.Is(err, ErrClosed) {
			t.Errorf("Txn on a closed store: %v", err)
		}
		if _, _, err := s.Range(t.Context(), "/"); !errors.Is(err, ErrClosed) {
			t.Errorf("Range on a closed store: %v", err)
		}
	})
}

func TestWatchTooFarBackIsCompacted(t *testing.T) {
	s := NewMemStore()
	for range feedKept + feedKept/2 {
		mustTxn(t, s, nil, Put("/a", nil))
	}
	events, err := s.Watch(t.Context(), "/", 1)
	if err != nil {
		t.Fatal(err)
	}
	if e := <-events; !errors.Is(e.Err, ErrCompacted) {
		t.Errorf("got %+v", e)
	}
	if _, open := <-events; open {
		t.Error("the watch goes on")
	}
	_, rev, _ := s.Range(t.Context(), "/")
	late, _ := s.Watch(t.Context(), "/", rev-feedKept/4)
	for want := rev - feedKept/4; want <= rev; want++ {
		if e := <-late; e.Rev != want {
			t.Fatalf("revision %d; want %d", e.Rev, want)
		}
	}
}

func TestConcurrentTxnsLoseNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, s MetaStore) {
		mustTxn(t, s, nil, Put("/n", []byte{0}))
		var wg sync.WaitGroup
		const writers, rounds = 4, 20
		for range writers {
			wg.Go(func() {
				for done := 0; done < rounds; {
					kvs, _, _ := s.Range(t.Context(), "/n")
					next := []byte{kvs[0].Value[0] + 1}
					ok, _, err := s.Txn(t.Context(), []Cond{{"/n", kvs[0].ModRev}}, []Op{Put("/n", next)})
					if err != nil {
						t.Error(err)
						return
					}
					if ok {
						done++
					}
				}
			})
		}
		wg.Wait()
		kvs, rev, _ := s.Range(t.Context(), "/n")
		if kvs[0].Value[0] != writers*rounds || rev != writers*rounds+1 {
			t.Errorf("value %d at revision %d; want %d", kvs[0].Value[0], rev, writers*rounds)
		}
	})
}

// TestStoresAgree runs one random history against both stores, with restarts of the one on disk.
func TestStoresAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "meta.db")
	mem := NewMemStore()
	disk, err := OpenBolt(path)
	if err != nil {
		t.Fatal(err)
	}
	for step := range 300 {
		if rng.IntN(20) == 0 {
			closeStore(t, disk)
			if disk, err = OpenBolt(path); err != nil {
				t.Fatalf("step %d: %v", step, err)
			}
			mem = mem.Snapshot()
		}
		conds, ops := randomTxn(rng)
		ok1, rev1, err1 := mem.Txn(t.Context(), conds, ops)
		ok2, rev2, err2 := disk.Txn(t.Context(), conds, ops)
		if ok1 != ok2 || rev1 != rev2 || err1 != nil || err2 != nil {
			t.Fatalf("step %d: %v %d %v; %v %d %v", step, ok1, rev1, err1, ok2, rev2, err2)
		}
		if a, b := content(t, mem, "/"), content(t, disk, "/"); a != b {
			t.Fatalf("step %d:\n%s\n%s", step, a, b)
		}
	}
	closeStore(t, disk)
}

func randomTxn(rng *rand.Rand) (conds []Cond, ops []Op) {
	if rng.IntN(3) == 0 {
		conds = append(conds, Cond{Key: fmt.Sprintf("/%d", rng.IntN(10)), ModRev: int64(rng.IntN(40))})
	}
	for _, k := range rng.Perm(40)[:rng.IntN(8)] {
		key := fmt.Sprintf("/%d", k)
		if rng.IntN(3) == 0 {
			ops = append(ops, Delete(key))
			continue
		}
		ops = append(ops, Put(key, slices.Repeat([]byte{byte(k)}, rng.IntN(600))))
	}
	return conds, ops
}
