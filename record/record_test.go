package record

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const testNow = 1_700_000_000_000

// allCodecs are the codecs a batch can have.
var allCodecs = []Codec{None, Gzip, Snappy, LZ4, Zstd}

// clientRules are those of a topic with Kafka's defaults.
func clientRules() Rules {
	return Rules{MaxBytes: 1048588, MaxDecompressed: math.MaxInt32 - 8, BeforeMaxMs: math.MaxInt64,
		AfterMaxMs: 3_600_000, NowMs: testNow, FromClient: true}
}

// sample is a batch of n records like those of a real topic.
func sample(c Codec, n int) Batch {
	b := NewBuilder(Options{Codec: c})
	for i := range n {
		b.Append(testNow+int64(i), fmt.Appendf(nil, "key-%d", i), fmt.Appendf(nil, "the value of record %d", i),
			RecordHeader{Key: "trace", Value: []byte("0123")})
	}
	return b.Build()
}

func collect(t *testing.T, b Batch) []Record {
	t.Helper()
	var out []Record
	for r, err := range b.Records(0) {
		if err != nil {
			t.Fatalf("records: %v", err)
		}
		out = append(out, r)
	}
	return out
}

func TestBuildValidateRecords(t *testing.T) {
	for _, c := range allCodecs {
		t.Run(c.String(), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, uint64(c)))
			for range 25 {
				roundTrip(t, c, rnd)
			}
		})
	}
}

// roundTrip is the property Build -> Validate -> Records for one random batch.
func roundTrip(t *testing.T, c Codec, rnd *rand.Rand) {
	b := NewBuilder(Options{Codec: c, BaseOffset: 0, HasProducer: true, ProducerID: 7, ProducerEpoch: 3,
		BaseSequence: math.MaxInt32 - 2})
	var want []Record
	for i := range 1 + rnd.IntN(40) {
		r := Record{Offset: int64(i), Timestamp: testNow - rnd.Int64N(1e9), Key: randomBytes(rnd, 30),
			Value: randomBytes(rnd, 60_000)}
		for range rnd.IntN(3) {
			r.Headers = append(r.Headers, RecordHeader{Key: string(randomBytes(rnd, 9)),
				Value: randomBytes(rnd, 9)})
		}
		b.Append(r.Timestamp, r.Key, r.Value, r.Headers...)
		want = append(want, r)
	}
	built := b.Build()
	raw := slices.Clone(built.Raw)
	rules := clientRules()
	rules.MaxBytes = 0
	got, err := Validate(raw, rules)
	if err != nil {
		t.Fatalf("validate: %v", err)
	}
	if !bytes.Equal(got.Raw, built.Raw) || got.Header != built.Header {
		t.Fatalf("validate changed a good batch:\n got %+v\nwant %+v", got.Header, built.Header)
	}
	if last := NextSequence(math.MaxInt32-2, int32(len(want)-1)); got.LastSequence() != last {
		t.Fatalf("last sequence %d, want %d", got.LastSequence(), last)
	}
	if have := collect(t, got); !equalRecords(have, want) {
		t.Fatalf("records differ:\n got %v\nwant %v", have, want)
	}
	wantStreamed(t, got)
}

func randomBytes(rnd *rand.Rand, n int) []byte {
	switch rnd.IntN(4) {
	case 0:
		return nil
	case 1:
		return []byte{}
	case 2:
		n = min(n, 20)
	}
	b := make([]byte, rnd.IntN(n))
	for i := range b {
		few := rnd.IntN(256) // bits, so that the bytes compress
		b[i] = byte(rnd.IntN(256) & few)
	}
	return b
}

func equalRecords(a, b []Record) bool {
	return slices.EqualFunc(a, b, func(x, y Record) bool {
		return x.Offset == y.Offset && x.Timestamp == y.Timestamp && equalField(x.Key, y.Key) &&
			equalField(x.Value, y.Value) && slices.EqualFunc(x.Headers, y.Headers, func(p, q RecordHeader) bool {
			return p.Key == q.Key && equalField(p.Value, q.Value)
		})
	})
}

func equalField(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// The builder and another implementation agree on the bytes.
func TestBuilderAgreesWithKmsg(t *testing.T) {
	b := sample(None, 3)
	b.Stamp(41, 9)
	var k kmsg.RecordBatch
	if err := k.ReadFrom(b.Raw); err != nil {
		t.Fatal(err)
	}
	h, err := ParseHeader(k.AppendTo(nil))
	if err != nil || h != b.Header {
		t.Fatalf("header %+v, %v; want %+v", h, err, b.Header)
	}
	if k.FirstOffset != 41 || k.PartitionLeaderEpoch != 9 || k.NumRecords != 3 || k.LastOffsetDelta != 2 {
		t.Fatalf("kmsg reads %+v", k)
	}
	if !CheckCRC(b.Raw) {
		t.Fatal("stamping broke the checksum")
	}
}

func TestLogAppendTime(t *testing.T) {
	b := sample(Zstd, 5)
	r := clientRules()
	r.TimestampType, r.NowMs = LogAppendTime, testNow+99
	got, err := Validate(slices.Clone(b.Raw), r)
	if err != nil {
		t.Fatal(err)
	}
	if !got.LogAppendTime() || got.MaxTimestamp != testNow+99 || !CheckCRC(got.Raw) {
		t.Fatalf("not stamped: %+v", got.Header)
	}
	for _, rec := range collect(t, got) {
		if rec.Timestamp != testNow+99 {
			t.Fatalf("record at %d has time %d", rec.Offset, rec.Timestamp)
		}
	}
	again, err := Validate(got.Raw, r)
	if !errors.Is(err, ErrInvalidTimestamp) {
		t.Fatalf("a client's own append time: %v, %v", again.Header, err)
	}
}

func TestMaxTimestampIsCorrected(t *testing.T) {
	b := sample(Gzip, 4)
	b.setMaxTimestamp(5)
	got, err := Validate(b.Raw, clientRules())
	if err != nil || got.MaxTimestamp != testNow+3 || !CheckCRC(got.Raw) {
		t.Fatalf("max timestamp %d, %v", got.MaxTimestamp, err)
	}
	if h, _ := ParseHeader(got.Raw); h != got.Header {
		t.Fatalf("header and bytes differ: %+v %+v", h, got.Header)
	}
}

func TestRecompress(t *testing.T) {
	for _, from := range allCodecs {
		for _, to := range allCodecs {
			b := sample(from, 300)
			r := clientRules()
			r.Compression = Compression{Recompress: true, Codec: to, Level: DefaultLevel}
			got, err := Validate(slices.Clone(b.Raw), r)
			if err != nil {
				t.Fatalf("%s to %s: %v", from, to, err)
			}
			if got.Codec() != to || !CheckCRC(got.Raw) || got.Size() != len(got.Raw) {
				t.Fatalf("%s to %s: %+v", from, to, got.Header)
			}
			if !equalRecords(collect(t, got), collect(t, b)) {
				t.Fatalf("%s to %s: records differ", from, to)
			}
			if _, err := Validate(got.Raw, clientRules()); err != nil {
				t.Fatalf("%s to %s: result is not valid: %v", from, to, err)
			}
		}
	}
}

func TestCompressionLevels(t *testing.T) {
	for c, levels := range map[Codec][]int{Gzip: {-1, 1, 9}, LZ4: {1, 5, 9, 12, 17},
		Zstd: {-131072, -5, 0, 1, 3, 9, 22}} {
		for _, level := range levels {
			b := sample(None, 200)
			r := clientRules()
			r.Compression = Compression{Recompress: true, Codec: c, Level: level}
			got, err := Validate(b.Raw, r)
			if err != nil || got.Codec() != c || len(got.Raw) >= len(b.Raw) {
				t.Fatalf("%s level %d: %d bytes, %v", c, level, len(got.Raw), err)
			}
			if n := len(collect(t, got)); n != 200 {
				t.Fatalf("%s level %d: %d records", c, level, n)
			}
		}
	}
}

func TestParseCompression(t *testing.T) {
	for name, want := range map[string]Compression{
		"producer":     {Level: DefaultLevel},
		"uncompressed": {Recompress: true, Codec: None, Level: DefaultLevel},
		"lz4":          {Recompress: true, Codec: LZ4, Level: DefaultLevel},
	} {
		if got, err := ParseCompression(name); err != nil || got != want {
			t.Errorf("%q: %+v, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "none", "lzo"} {
		if _, err := ParseCompression(name); !errors.Is(err, ErrUnsupportedCodec) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestControlBatch(t *testing.T) {
	b := ControlBatch(ControlCommit, 77, 4, 9, testNow)
	if !b.IsControl() || !b.IsTransactional() || b.ProducerID != 77 || b.ProducerEpoch != 4 ||
		b.BaseSequence != NoSequence || b.LastSequence() != NoSequence {
		t.Fatalf("header %+v", b.Header)
	}
	c, err := ParseControl(collect(t, b)[0])
	if err != nil || c != (Control{Type: ControlCommit, CoordinatorEpoch: 9}) {
		t.Fatalf("control %+v, %v", c, err)
	}
	if _, err := Validate(b.Raw, clientRules()); !errors.Is(err, ErrInvalid) {
		t.Fatalf("control batch from a client: %v", err)
	}
	r := clientRules()
	r.FromClient = false
	r.Compression = Compression{Recompress: true, Codec: Zstd}
	if got, err := Validate(b.Raw, r); err != nil || got.Codec() != None {
		t.Fatalf("control batch from ourselves: %s, %v", got.Codec(), err)
	}
}

func TestSequencesWrap(t *testing.T) {
	h := Header{BaseSequence: math.MaxInt32 - 1, LastOffsetDelta: 1}
	if got := h.LastSequence(); got != math.MaxInt32 {
		t.Errorf("last sequence %d", got)
	}
	h.LastOffsetDelta = 2
	if got := h.LastSequence(); got != 0 {
		t.Errorf("wrapped last sequence %d", got)
	}
}
