package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
)

// repeat gives n bytes, pattern after pattern.
type repeat struct {
	pattern []byte
	n       int64
	at      int
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) && r.n > 0 {
		m := copy(p[n:n+int(min(int64(len(p)-n), r.n))], r.pattern[r.at:])
		n += m
		r.n -= int64(m)
		r.at = (r.at + m) % len(r.pattern)
	}
	return n, nil
}

// compressed is a batch whose section is the given bytes.
func compressed(c Codec, count int32, section []byte) []byte {
	raw := withRecords(count, section...)
	raw[attributesAt+1] = byte(c)
	return resum(raw)
}

// squeeze compresses n bytes of pattern.
func squeeze(t testing.TB, c Codec, pattern []byte, n int64) []byte {
	var out bytes.Buffer
	src := &repeat{pattern: bytes.Repeat(pattern, 65536/len(pattern)), n: n}
	if err := compress(&out, c, DefaultLevel, src); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const mib = 1 << 20

// bigRecord starts a record whose value has a size of 2^31-1-64 bytes.
func bigRecord() []byte {
	b := appendVarint(nil, 1<<31-1-32)
	b = append(b, 0, 0, 0, 1)
	return appendVarint(b, 1<<31-1-64)
}

// bombs are small batches that unfold, or claim to unfold, without bound.
func bombs(t testing.TB) map[string][]byte {
	m := map[string][]byte{}
	tiny := []byte{12, 0, 0, 0, 1, 1, 0}
	for _, c := range allCodecs[1:] {
		var big bytes.Buffer
		if err := compress(&big, c, DefaultLevel, io.MultiReader(bytes.NewReader(bigRecord()),
			&repeat{pattern: make([]byte, 65536), n: 100 * mib})); err != nil {
			t.Fatal(err)
		}
		m[c.String()+" one record"] = compressed(c, 1, big.Bytes())
		many := squeeze(t, c, tiny, 7*maxRecords)
		m[c.String()+" tiny records"] = compressed(c, maxRecords-1, many)
		m[c.String()+" more records than can be"] = compressed(c, 1<<31-1, many)
		nested := squeeze(t, c, []byte{0}, mib)
		for range 8 {
			var out bytes.Buffer
			if err := compress(&out, c, DefaultLevel, bytes.NewReader(nested)); err != nil {
				t.Fatal(err)
			}
			nested = out.Bytes()
		}
		m[c.String()+" nested"] = compressed(c, 1, nested)
	}
	member := squeeze(t, Gzip, []byte{0}, 0)
	m["gzip empty members"] = compressed(Gzip, 1, bytes.Repeat(member, mib/len(member)))
	m["gzip empty blocks"] = compressed(Gzip, 1, slices.Concat(member[:10],
		bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, mib/5)))
	m["snappy chunk 0x7fffffff"] = compressed(Snappy, 1, slices.Concat([]byte(snappyMagic),
		[]byte{0, 0, 0, 1, 0, 0, 0, 1}, []byte{0x7f, 0xff, 0xff, 0xff}, make([]byte, 100)))
	m["snappy claims 2^32-1"] = compressed(Snappy, 1,
		append(binary.AppendUvarint(nil, 1<<32-1), make([]byte, 100)...))
	m["snappy empty chunks"] = compressed(Snappy, 1, slices.Concat([]byte(snappyMagic),
		[]byte{0, 0, 0, 1, 0, 0, 0, 1}, bytes.Repeat([]byte{0, 0, 0, 1, 0}, mib/5)))
	m["snappy raw zeros"] = compressed(Snappy, 1, snappy.Encode(nil, make([]byte, 20*mib)))
	m["snappy chained headers"] = compressed(Snappy, 1, bytes.Repeat(append([]byte(snappyMagic),
		0, 0, 0, 1, 0, 0, 0, 1), mib/16))
	frame := squeeze(t, LZ4, []byte{0}, 0)
	m["lz4 empty frames"] = compressed(LZ4, 1, bytes.Repeat(frame, mib/len(frame)))
	m["lz4 empty blocks"] = compressed(LZ4, 1, slices.Concat(frame[:7],
		bytes.Repeat([]byte{1, 0, 0, 0, 0}, mib/5)))
	content := slices.Clone(frame[:7])
	content[4] |= lz4FlagContentSize
	content = append(content[:6], 0, 0, 0, 0, 0, 0, 0, 0x40)
	content = append(content, byte(xxh32(content[4:14])>>8), 0, 0, 0, 0)
	m["lz4 content size 2^62"] = compressed(LZ4, 1, content)
	for name, section := range zstdBombs() {
		m["zstd "+name] = compressed(Zstd, 1, section)
	}
	return m
}

// zstdBombs are frames by hand; see RFC 8878.
func zstdBombs() map[string][]byte {
	magic := []byte{0x28, 0xb5, 0x2f, 0xfd}
	rle := []byte{0x02, 0x00, 0x10, 0} // 128 KiB of zeros, not the last block
	return map[string][]byte{
		"window 2 GiB":      slices.Concat(magic, []byte{0, 21 << 3}, rle),
		"window 128 MiB":    slices.Concat(magic, []byte{0, 17 << 3}, rle, []byte{1, 0, 0}),
		"content 2^62":      slices.Concat(magic, []byte{0xe0, 0, 0, 0, 0, 0, 0, 0, 0x40}, rle),
		"content 60 MiB":    slices.Concat(magic, []byte{0xa0, 0, 0, 0xc0, 3}, rle),
		"rle 32 GiB":        slices.Concat(magic, []byte{0, 13 << 3}, bytes.Repeat(rle, mib/4)),
		"rle wide window":   slices.Concat(magic, []byte{0, 17 << 3}, bytes.Repeat(rle, mib/4)),
		"empty blocks":      slices.Concat(magic, []byte{0, 13 << 3}, make([]byte, mib)),
		"empty frames":      bytes.Repeat(slices.Concat(magic, []byte{0x20, 0, 1, 0, 0}), mib/9),
		"skippable frames":  bytes.Repeat([]byte{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0}, mib/8),
		"skippable 4 GiB":   {0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff, 0},
		"frame after frame": slices.Concat(magic, []byte{0x20, 0, 1, 0, 0}, magic, []byte{0, 21 << 3}, rle),
	}
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Bombs are refused within bounded work and memory. The time is processor
// time, so that a busy machine does not matter; the race detector's does.
func TestBombs(t *testing.T) {
	limitCPU, limitBytes := 200*time.Millisecond, uint64(2*ratioFloor)
	if raceEnabled {
		// The pools of package sync drop much on purpose then.
		limitCPU, limitBytes = limitCPU*20, limitBytes*4
	}
	for name, raw := range bombs(t) {
		if raceEnabled && strings.HasSuffix(name, "tiny records") {
			continue // millions of records: nothing concurrent to find there
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := cpuTime()
		_, err := Validate(raw, Rules{FromClient: true, BeforeMaxMs: 1 << 62, AfterMaxMs: 1 << 62})
		spent := cpuTime() - start
		runtime.ReadMemStats(&after)
		taken := after.TotalAlloc - before.TotalAlloc
		t.Logf("%-32s %8d bytes %8.1f ms %8d KiB  %v", name, len(raw),
			float64(spent.Microseconds())/1000, taken>>10, err)
		if !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrTooLargeDecompressed) {
			t.Errorf("%s: %v", name, err)
		}
		if spent > limitCPU {
			t.Errorf("%s: took %v of processor time", name, spent)
		}
		if taken > limitBytes {
			t.Errorf("%s: allocated %d bytes", name, taken)
		}
	}
}
