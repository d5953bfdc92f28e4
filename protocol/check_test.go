package protocol

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// rounds is how many random messages each test makes of each version.
const rounds = 20

// forEach runs f for every version of every request.
func forEach(s *schema, f func(a API, version int16)) {
	for i := range s.apis {
		for v := s.apis[i].Min; v <= s.apis[i].Max; v++ {
			f(s.apis[i].API, v)
		}
	}
}

// The schema table, and the codec that handlers use, agree for every version
// of every request.
func TestRequestsAgreeWithKmsg(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	forEach(&requestSchema, func(a API, v int16) {
		if a.UnstableMax && v == a.Max {
			return // InitProducerId v6: not served, and unknown to the codec
		}
		for range rounds {
			body := requestSchema.randomMessage(rnd, a.Key, v)
			r, err := DecodeRequest(a.Key, v, body)
			if err != nil {
				t.Fatalf("%s v%d: %v\n%x", a.Name, v, err, body)
			}
			if again := r.AppendTo(nil); !bytes.Equal(again, body) {
				t.Fatalf("%s v%d: decoded and encoded\n%x\ngives\n%x", a.Name, v, body, again)
			}
			if r.IsFlexible() != a.IsFlexible(v) {
				t.Fatalf("%s v%d: flexible is %v", a.Name, v, r.IsFlexible())
			}
		}
	})
}

// So do Kafka's response schemas and the codec.
func TestResponsesAgreeWithKmsg(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	forEach(&responseSchema, func(a API, v int16) {
		if a.Key == 22 && v == 6 {
			return // InitProducerId v6 is not released; the codec has no more than v5
		}
		for range rounds {
			// A response keeps what it held in its tagged fields: take a new one.
			r := kmsg.ResponseForKey(a.Key)
			r.SetVersion(v)
			body := responseSchema.randomMessage(rnd, a.Key, v)
			if _, err := responseSchema.check(a.Key, v, body); err != nil {
				t.Fatalf("%s v%d: %v", a.Name, v, err)
			}
			if err := r.ReadFrom(body); err != nil {
				t.Fatalf("%s v%d: %v\n%x", a.Name, v, err, body)
			}
			if again := r.AppendTo(nil); !bytes.Equal(again, body) {
				t.Errorf("%s v%d: decoded and encoded\n%x\ngives\n%x", a.Name, v, body, again)
				return
			}
		}
	})
}

// Every request that is cut short anywhere is refused; one with bytes behind
// it is taken as Kafka takes it.
func TestCheckAtOtherLengths(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 3))
	forEach(&requestSchema, func(a API, v int16) {
		body := requestSchema.randomMessage(rnd, a.Key, v)
		for n := range body {
			if err := Check(a.Key, v, body[:n]); !errors.Is(err, ErrMalformed) {
				t.Fatalf("%s v%d, %d bytes of %d: %v", a.Name, v, n, len(body), err)
			}
		}
		if err := Check(a.Key, v, append(slices.Clone(body), 0)); err != nil {
			t.Fatalf("%s v%d and a byte: %v", a.Name, v, err)
		}
	})
}

func TestCheckRefuses(t *testing.T) {
	name := func(n string) []byte { return append([]byte{byte(len(n) + 1)}, n...) }
	for _, c := range []struct {
		name         string
		key, version int16
		body         []byte
		reason       string
	}{
		{"count 2^31-1", 3, 8, []byte{0x7f, 0xff, 0xff, 0xff, 0, 0, 0}, "2147483647 elements"},
		{"count over the smallest elements", 3, 1, []byte{0, 0, 0, 4, 0, 0, 0, 0, 0, 0},
			"4 elements of at least 2"},
		{"count -2", 3, 1, []byte{0xff, 0xff, 0xff, 0xfe}, "length is -2"},
		{"null where it is not allowed", 3, 0, []byte{0xff, 0xff, 0xff, 0xff}, "length is -1"},
		{"string length -1", 3, 1, []byte{0, 0, 0, 1, 0xff, 0xff}, "length is -1"},
		{"string length -2", 12, 0, []byte{0xff, 0xfe, 0, 0, 0, 0, 0, 0}, "length is -2"},
		{"compact count of 2^32-1", 3, 9, []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0}, "varint is 4294967295"},
		{"compact count of 2^31-1", 3, 9, []byte{0xff, 0xff, 0xff, 0xff, 0x07, 0, 0, 0, 0}, "2147483646 elements"},
		{"varint of six bytes", 3, 9, []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0, 0}, "more than five bytes"},
		{"varint of ten bytes", 3, 9, slices.Repeat([]byte{0xff}, 10), "more than five bytes"},
		{"string of 2^15 bytes", 12, 4, append([]byte{0x81, 0x80, 2}, make([]byte, 40000)...),
			"string of 32768 bytes"},
		{"tags descending", 60, 0, []byte{0, 2, 5, 0, 4, 0}, "tagged field 4 after 5"},
		{"tag twice", 60, 0, []byte{0, 2, 5, 0, 5, 0}, "tagged field 5 after 5"},
		{"tag 2^28 past the end", 60, 0, []byte{0, 1, 0x80, 0x80, 0x80, 0x80, 1, 9, 1}, "tagged field of 9 bytes"},
		{"2^28 tags", 60, 0, []byte{0, 0x80, 0x80, 0x80, 0x80, 1, 9, 1}, "268435456 tagged fields"},
		{"tag longer than its value", 1, 13,
			slices.Concat(make([]byte, 25), []byte{1, 1, 1, 1, 0, 4, 2, 'x', 0, 0}), "2 bytes longer"},
		{"tag shorter than its value", 1, 13, slices.Concat(make([]byte, 25), []byte{1, 1, 1, 1, 0, 2, 3, 'x'}),
			"field of 2 bytes with 1 left"},
		{"struct mark", 75, 0, slices.Concat([]byte{2}, name("t"), []byte{0, 0, 0, 0, 9, 7}), "struct marked 7"},
		{"version below", 0, 2, nil, "unsupported api version"},
		{"version above", 3, 14, nil, "unsupported api version"},
		{"version of none", 18, 32767, nil, "unsupported api version"},
		{"key of none", 4, 0, nil, "unknown api key"},
		{"key below 0", -1, 0, nil, "unknown api key"},
	} {
		err := Check(c.key, c.version, c.body)
		if err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v; want one with %q", c.name, err, c.reason)
		}
	}
}

// A decoded request is whole after its frame was overwritten.
func TestDecodedRequestsDoNotAlias(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 5))
	forEach(&requestSchema, func(a API, v int16) {
		if a.UnstableMax && v == a.Max {
			return
		}
		body := requestSchema.randomMessage(rnd, a.Key, v)
		frame := slices.Clone(body)
		r, err := DecodeRequest(a.Key, v, frame)
		if err != nil {
			t.Fatal(err)
		}
		for i := range frame {
			frame[i] = 0xdb
		}
		if !bytes.Equal(r.AppendTo(nil), body) {
			t.Fatalf("%s v%d lies in its frame", a.Name, v)
		}
	})
}

func TestCheckDoesNotAllocate(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 4))
	forEach(&requestSchema, func(a API, v int16) {
		body := requestSchema.randomMessage(rnd, a.Key, v)
		if n := testing.AllocsPerRun(2, func() { _ = Check(a.Key, v, body) }); n != 0 {
			t.Fatalf("%s v%d: %v allocations", a.Name, v, n)
		}
	})
}

// The figure that CheckSize gives covers what decoding really allocates, for
// requests made to decode to as much as possible.
func TestCheckSizeCoversDecoding(t *testing.T) {
	for _, c := range []struct {
		name         string
		key, version int16
		prefix       []byte
		element      []byte
		suffix       []byte
	}{
		{"metadata topics", 3, 12, nil, make([]byte, 18), []byte{0, 0, 0}},
		{"described groups", 15, 5, nil, []byte{1}, []byte{0, 0}},
		{"new topics", 19, 7, nil, []byte{1, 0, 0, 0, 0, 0, 0, 1, 1, 0}, []byte{0, 0, 0, 0, 0, 0}},
		{"config resources", 32, 4, nil, []byte{0, 1, 1, 0}, []byte{0, 0, 0}},
		{"offset fetch groups", 9, 8, nil, []byte{1, 1, 0}, []byte{0, 0}},
		{"unknown tags", 60, 0, []byte{0}, nil, nil},
	} {
		body := slices.Clone(c.prefix)
		const n = 10_000
		if c.element == nil {
			body = append(body, 0xff, 0x7f) // 16383 tags
			for i := range 16383 {
				body = append(body, byte(i)|0x80, byte(i>>7), 0)
				if i < 128 {
					body = append(body[:len(body)-3], byte(i), 0)
				}
			}
		} else {
			body = append(body, byte((n+1)&0x7f|0x80), byte((n+1)>>7))
			body = append(body, bytes.Repeat(c.element, n)...)
			body = append(body, c.suffix...)
		}
		size, err := CheckSize(c.key, c.version, body)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := DecodeRequest(c.key, c.version, body); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		got := after.TotalAlloc - before.TotalAlloc
		limit := uint64(size) * 5 / 4
		if raceEnabled {
			limit *= 2 // the compiler then makes each array of structs twice
		}
		if got > limit {
			t.Errorf("%s: %d bytes decode to %d, estimated %d", c.name, len(body), got, size)
		}
		t.Logf("%s: %d bytes decode to %d, estimated %d", c.name, len(body), got, size)
	}
}
