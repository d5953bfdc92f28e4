package cluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// filled makes a metadata file with several leaf pages, free pages and deleted keys.
func filled(t *testing.T, path string) string {
	t.Helper()
	s, err := OpenBolt(path)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 6 {
		var ops []Op
		for i := range 60 {
			ops = append(ops, Put(fmt.Sprintf("/topics/%03d", i), fmt.Appendf(nil, "round %d of %040d", round, i)))
		}
		mustTxn(t, s, nil, ops...)
		mustTxn(t, s, nil, Delete(fmt.Sprintf("/topics/%03d", round)))
	}
	want := content(t, s, "/")
	closeStore(t, s)
	return want
}

func TestBoltKeepsContentOverRestarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meta.db")
	want := filled(t, path)
	for range 3 {
		s, err := OpenBolt(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := content(t, s, "/"); got != want {
			t.Fatalf("got %s\nwant %s", got, want)
		}
		closeStore(t, s)
	}
}

func TestBoltIsLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meta.db")
	s, err := OpenBolt(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenBolt(path); !errors.Is(err, ErrLocked) {
		t.Errorf("a second opening: %v", err)
	}
	closeStore(t, s)
	s, err = OpenBolt(path)
	if err != nil {
		t.Fatalf("after the first has closed: %v", err)
	}
	closeStore(t, s)
}

func TestBoltStartsOverAnUnfinishedCreation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meta.db")
	if err := os.WriteFile(path+".new", []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenBolt(path)
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
}

// TestBoltFlips turns single bits, bytes and sectors of the file and demands that each is either
// refused or harmless: never another content.
func TestBoltFlips(t *testing.T) {
	dir := t.TempDir()
	want := filled(t, filepath.Join(dir, "meta.db"))
	whole, err := os.ReadFile(filepath.Join(dir, "meta.db"))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 11))
	refused, harmless := 0, 0
	path := filepath.Join(dir, "flipped.db")
	for n := range 6000 {
		data := append([]byte(nil), whole...)
		at := rng.IntN(len(data))
		switch n % 4 {
		case 0, 1:
			data[at] ^= 1 << rng.IntN(8)
		case 2:
			data[at] = byte(rng.IntN(256))
		case 3: // page headers and the heads of element tables, where structure lies
			at = at/4096*4096 + rng.IntN(96)
			data[at] ^= 1 << rng.IntN(8)
		}
		if n%500 == 499 {
			clear(data[at/512*512:][:512])
		}
		switch outcome(t, path, data, want, n) {
		case "refused":
			refused++
		case "harmless":
			harmless++
		default:
			t.Fatalf("flip %d at byte %d (page %d + %d) changed the content unnoticed", n, at, at/4096, at%4096)
		}
	}
	t.Logf("%d refused, %d harmless in a file of %d bytes", refused, harmless, len(whole))
	if refused < 500 || harmless < 500 {
		t.Errorf("%d refused, %d harmless: the test does not reach both", refused, harmless)
	}
}

// outcome checks a damaged file; every fifth is opened as well, and every 35th then written to and
// opened again, because damage must not show later either.
func outcome(t *testing.T, path string, data []byte, want string, n int) string {
	t.Helper()
	kvs, s0, checked := verify(data)
	if n%5 != 0 {
		switch {
		case errors.Is(checked, ErrDamaged):
			return "refused"
		case checked != nil:
			t.Fatalf("neither damage nor success: %v", checked)
		case content(t, newCore(kvs, s0, nil), "/") != want:
			return "changed"
		}
		return "harmless"
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenBolt(path)
	if errors.Is(err, ErrDamaged) != errors.Is(checked, ErrDamaged) {
		t.Fatalf("the check says %v, opening %v", checked, err)
	}
	write := n%35 == 0
	if errors.Is(err, ErrDamaged) {
		return "refused"
	}
	if err != nil {
		t.Fatalf("neither damage nor success: %v", err)
	}
	if content(t, s, "/") != want {
		return "changed"
	}
	if write {
		mustTxn(t, s, nil, Put("/topics/000", []byte("after")), Delete("/topics/030"), Put("/zz", nil))
		want = content(t, s, "/")
	}
	closeStore(t, s)
	if !write {
		return "harmless"
	}
	if s, err = OpenBolt(path); err != nil {
		t.Fatalf("opened, written and then: %v", err)
	}
	defer closeStore(t, s)
	if content(t, s, "/") != want {
		return "changed"
	}
	return "harmless"
}

func TestBoltTruncatedAndEmptyAreRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "meta.db")
	filled(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 1, 100, 4096, 8191, 8192, 12288, 16384} {
		cut := filepath.Join(dir, fmt.Sprintf("cut%d.db", size))
		if err := os.WriteFile(cut, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenBolt(cut); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d of %d bytes: %v", size, len(whole), err)
		}
	}
}

// TestBoltOlderMetaIsRefused is the positive control of openPages: bbolt alone would take the meta page
// before, and with it the content before, without a word.
func TestBoltOlderMetaIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meta.db")
	filled(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for page := range 2 {
		data := append([]byte(nil), whole...)
		data[page*4096+pageHeaderBytes+metaSumAt] ^= 1
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenBolt(path); !errors.Is(err, ErrDamaged) {
			t.Errorf("meta page %d: %v", page, err)
		}
	}
}

func TestStoreFailsForGood(t *testing.T) {
	j := &failingJournal{}
	c := newCore(nil, sum{}, j)
	mustTxn(t, c, nil, Put("/a", nil))
	j.err = errors.New("disk on fire")
	if ok, _, err := c.Txn(t.Context(), nil, []Op{Put("/b", nil)}); ok || !errors.Is(err, j.err) {
		t.Errorf("ok %v, %v", ok, err)
	}
	fire := j.err
	j.err = nil
	if ok, _, err := c.Txn(t.Context(), nil, []Op{Put("/b", nil)}); ok || !errors.Is(err, fire) {
		t.Errorf("a failed store took a transaction: ok %v, %v", ok, err)
	}
	if got := content(t, c, "/"); got != "/a=@1 " {
		t.Errorf("content %s", got)
	}
}

type failingJournal struct{ err error }

func (j *failingJournal) commit([]KV, sum) error { return j.err }
func (j *failingJournal) close() error           { return nil }

func TestContainTurnsPanicsIntoErrors(t *testing.T) {
	if err := contain(func() error { panic("page 7 already freed") }); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
}
