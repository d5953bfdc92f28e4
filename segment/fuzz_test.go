package segment

import (
	"bytes"
	"errors"
	"math"
	"os"
	"testing"

	"weir/record"
)

// FuzzOpen opens, reads, recovers and reopens a segment whose three files hold anything. Whatever they
// hold: nothing panics, every whole batch that is served has a good checksum, and after Recover the segment
// opens as a clean one.
func FuzzOpen(f *testing.F) {
	m := newMem(f)
	w := create(f, m, 0, Config{IndexIntervalBytes: 64, IndexMaxBytes: 1 << 10})
	for i := range int64(5) {
		w.add(2, 40, i*10)
	}
	must(f, w.Close())
	names := Names(0)
	log, index, times := fileBytes(f, m, names[0]), fileBytes(f, m, names[1]), fileBytes(f, m, names[2])
	f.Add(log, index, times, true, uint8(0))
	f.Add(log[:len(log)-9], index, times, false, uint8(3))
	f.Add(append(bytes.Clone(log), make([]byte, 100)...), index[:8], times[:0], false, uint8(7))
	f.Add([]byte{}, make([]byte, 64), make([]byte, 120), true, uint8(1))
	for _, name := range []string{"txn/00000000000000000003", "clean/00000000000000000276"} {
		var files [3][]byte
		for i, suffix := range []string{".log", ".index", ".timeindex"} {
			b, err := os.ReadFile(kafkaData + name + suffix)
			must(f, err)
			files[i] = b
		}
		f.Add(files[0], files[1], files[2], true, uint8(200))
	}
	f.Fuzz(func(t *testing.T, log, index, times []byte, active bool, from uint8) {
		m := newMem(t)
		putFile(t, m, names[0], log)
		putFile(t, m, names[1], index)
		putFile(t, m, names[2], times)
		for _, o := range []OpenOptions{{Active: active, Clean: true}, {Active: active}} {
			s, err := Open(m, testDir, 0, Config{IndexIntervalBytes: 64, IndexMaxBytes: 1 << 10}, o)
			var damage *DamageError
			if errors.As(err, &damage) && o.Clean {
				continue
			}
			must(t, err)
			servesOnlyGood(t, s, int64(from))
			if _, _, err := s.LookupTime(int64(from)); err != nil && !errors.As(err, &damage) {
				t.Fatal(err)
			}
			report, err := s.Recover(int64(from), nil)
			if errors.As(err, &damage) {
				s.Retire()
				continue
			}
			must(t, err)
			servesOnlyGood(t, s, int64(from))
			must(t, s.Seal())
			again, err := Open(m, testDir, 0, testConfig, OpenOptions{Active: active, Clean: true})
			must(t, err)
			if again.NextOffset() != report.NextOffset || again.Size() != report.ValidEnd {
				t.Fatalf("recovered %+v; reopened at offset %d, position %d", report, again.NextOffset(), again.Size())
			}
		}
	})
}

func servesOnlyGood(t *testing.T, s *Segment, offset int64) {
	t.Helper()
	sl, err := s.Read(offset, -1, unlimited, math.MaxInt32, true)
	var damage *DamageError
	if errors.As(err, &damage) {
		return
	}
	must(t, err)
	defer sl.Release()
	b, err := sl.Bytes()
	must(t, err)
	for len(b) > 0 {
		h, err := record.ParseHeader(b)
		must(t, err)
		if h.Size() > len(b) || !record.CheckCRC(b[:h.Size()]) || h.LastOffset() < offset {
			t.Fatalf("served a bad batch: %+v", h)
		}
		b, offset = b[h.Size():], h.LastOffset()+1
	}
}
