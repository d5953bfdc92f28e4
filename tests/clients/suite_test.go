//go:build clients

package clients

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"weir/tests/brokers"
)

func TestMain(m *testing.M) { brokers.Main(m) }

// TestClients runs every check of one client against one broker.
func TestClients(t *testing.T) {
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			b := brokers.New(t, brokerKind, nil)
			for _, k := range kinds {
				t.Run(k.name, func(t *testing.T) {
					t.Parallel()
					s := &suite{kind: k, addr: b.Addr, ref: newReference(t, b.Addr)}
					s.run(t)
				})
			}
		})
	}
}

// suite is one client against one broker.
type suite struct {
	kind
	addr string
	ref  *reference
}

// beside has a test run beside others.
func beside(run func(t *testing.T)) func(t *testing.T) {
	return func(t *testing.T) {
		t.Parallel()
		run(t)
	}
}

func (s *suite) run(t *testing.T) {
	// Each check fails by itself: what one leaves behind, no other one uses.
	t.Run("records", func(t *testing.T) {
		t.Parallel()
		a := s.agent(t, s.addr)
		t.Run("topics", func(t *testing.T) { s.topics(t, a.on(t)) })
		for _, c := range codecs {
			t.Run("codec "+c, func(t *testing.T) { s.codec(t, a.on(t), c) })
		}
		t.Run("keys", func(t *testing.T) { s.keys(t, a.on(t)) })
		t.Run("seek", func(t *testing.T) { s.seek(t, a.on(t)) })
		t.Run("10 MB", func(t *testing.T) { s.large(t, a.on(t)) })
		t.Run("too large", func(t *testing.T) { s.tooLarge(t, a.on(t)) })
	})
	t.Run("group", beside(s.groups))
	if s.static {
		t.Run("static members", beside(s.staticMembers))
	}
	if s.cooperative {
		t.Run("cooperative", beside(s.cooperativeRebalance))
	}
}

// topics creates and deletes one by the client's own admin API.
func (s *suite) topics(t *testing.T, a *agent) {
	name := fmt.Sprintf("created-by-%s.%d", s.name, topicNumber.Add(1))
	a.do(request{Op: "create", Topic: name, Partitions: 3, Config: map[string]string{"retention.ms": "3600000"}})
	s.ref.awaitTopic(name, 3)
	config, err := s.ref.adm.DescribeTopicConfigs(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, c := range config[0].Configs {
		found = found || c.Key == "retention.ms" && c.MaybeValue() == "3600000"
	}
	if !found {
		t.Errorf("the topic's retention.ms is not what was asked for: %v", config[0].Configs)
	}
	if _, err := a.try(request{Op: "create", Topic: name, Partitions: 3}); err == nil {
		t.Error("creating it twice was no error")
	}
	a.do(request{Op: "delete", Topic: name})
	await(t, 10*time.Second, "the topic is gone", func() bool {
		details, err := s.ref.adm.ListTopics(t.Context(), name)
		return err == nil && (len(details) == 0 || details[name].Err != nil)
	})
}

// await waits for something foreign that nothing announces.
func await(t testing.TB, limit time.Duration, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !reached(); time.Sleep(30 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// samples are records of every shape for one partition, the same for the same seed.
func samples(seed uint64, partition int32) []record {
	rng := rand.New(rand.NewPCG(seed, 0))
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	base := time.Now().Add(-time.Hour).UnixMilli()
	all := []record{
		{Key: []byte("key"), Value: []byte("value")},
		{Value: []byte("no key")},
		{Key: []byte("tombstone")},
		{Key: []byte("tombstone with a header"), Headers: []header{{"why", []byte("gone")}}},
		{Key: []byte("empty value"), Value: []byte{}},
		{Key: []byte("text"), Value: []byte("grüße, 世界, \x00 and a newline\n")},
		{Key: noise(200), Value: noise(2000)},
		{Key: []byte("compressible"), Value: bytes.Repeat([]byte("weir "), 30_000)},
		{Key: []byte("one header"), Value: []byte("v"), Headers: []header{{"trace", []byte{0, 1, 2, 255}}}},
		{Key: []byte("many headers"), Value: []byte("v"), Headers: []header{
			{"a", []byte("1")}, {"b", []byte("2")}, {"c", []byte{}}, {"long", bytes.Repeat([]byte("h"), 5000)}}},
		{Key: []byte("repeated header"), Value: []byte("v"), Headers: []header{{"r", []byte("1")}, {"r", []byte("2")}}},
	}
	for i := range 30 {
		all = append(all, record{Key: fmt.Appendf(nil, "k%d", i%7), Value: noise(1 + rng.IntN(300))})
	}
	for i := range all {
		all[i].Partition, all[i].Timestamp = partition, base+int64(i)*10
	}
	return all
}

// codec writes records of every shape with one codec and reads them back with the same client; the reference
// looks at what is stored and how.
func (s *suite) codec(t *testing.T, a *agent, codec string) {
	topic := s.ref.topic(s.name+".codec."+codec, 1, nil)
	want := samples(7, 0)
	offsets := a.do(request{Op: "produce", Topic: topic, Codec: codec, Records: want}).Offsets
	if s.exact {
		for i, o := range offsets {
			if o != int64(i) {
				t.Fatalf("record %d was reported at offset %d", i, o)
			}
		}
	}
	compressed := 0
	for i, got := range s.ref.read(topic, 0, len(want)) {
		if d := difference(want[i], got.record); d != "" {
			t.Errorf("stored at %d: %s", got.Offset, d)
		}
		if got.codec == codec {
			compressed++
		}
	}
	if compressed == 0 {
		t.Errorf("no batch is stored with codec %s", codec)
	}
	for i, got := range a.fetch(request{Topic: topic, Count: len(want)}) {
		if d := difference(s.reads(want[i]), got); d != "" {
			t.Errorf("read at %d: %s", got.Offset, d)
		}
		if got.Offset != int64(i) {
			t.Errorf("record %d was read with offset %d", i, got.Offset)
		}
	}
}

// keys has the client's own partitioner spread records: one key stays in one partition, in order.
func (s *suite) keys(t *testing.T, a *agent) {
	const partitions, keys, each = 4, 20, 5
	topic := s.ref.topic(s.name+".keys", partitions, nil)
	counts := map[int32]int{}
	where := map[string]int32{}
	for round := range each {
		for key := range keys {
			name := fmt.Sprintf("key-%d", key)
			r := record{Partition: -1, Key: []byte(name), Value: fmt.Appendf(nil, "%s/%d", name, round)}
			got := a.do(request{Op: "produce", Topic: topic, Codec: "none", Records: []record{r}})
			if len(got.Partitions) == 1 && s.exact {
				if before, ok := where[name]; ok && before != got.Partitions[0] {
					t.Errorf("%s went to partitions %d and %d", name, before, got.Partitions[0])
				}
				where[name] = got.Partitions[0]
			}
		}
	}
	ends, err := s.ref.adm.ListEndOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for p := range int32(partitions) {
		end, _ := ends.Lookup(topic, p)
		counts[p] = int(end.Offset)
		for _, r := range s.ref.read(topic, p, counts[p]) {
			name := string(r.Key)
			if want := fmt.Sprintf("%s/%d", name, seen[name]); string(r.Value) != want {
				t.Errorf("partition %d has %q where %q was next", p, r.Value, want)
			}
			seen[name]++
		}
	}
	if len(seen) != keys || counts[0] == keys*each {
		t.Errorf("%d of %d keys were stored, over partitions %v", len(seen), keys, counts)
	}
}

// seek reads from an offset, from a time, and asks for start and end.
func (s *suite) seek(t *testing.T, a *agent) {
	const count = 30
	topic := s.ref.topic(s.name+".seek", 1, nil)
	base := time.Now().Add(-time.Hour).UnixMilli()
	var records []record
	for i := range count {
		records = append(records, record{Value: fmt.Appendf(nil, "v%d", i), Timestamp: base + int64(i)*1000})
	}
	a.do(request{Op: "produce", Topic: topic, Codec: "none", Records: records[:20]})
	a.do(request{Op: "produce", Topic: topic, Codec: "gzip", Records: records[20:]})
	for name, c := range map[string]struct{ at, want int64 }{
		"end":              {-1, count},
		"start":            {-2, 0},
		"exact time":       {base + 10_000, 10},
		"between times":    {base + 10_001, 11},
		"inside a batch":   {base + 24_500, 25},
		"before the first": {base - 10_000, 0},
	} {
		if got := a.do(request{Op: "offset", Topic: topic, At: &c.at}).Offset; got != c.want {
			t.Errorf("offset by %s: %d instead of %d", name, got, c.want)
		}
	}
	for _, from := range []int64{0, 17, 25, 29} {
		if got := a.fetch(request{Topic: topic, From: from, Count: 1})[0]; got.Offset != from {
			t.Errorf("reading from %d began with %v", from, got)
		}
	}
	at := base + 21_500
	if got := a.fetch(request{Topic: topic, At: &at, Count: 8}); got[0].Offset != 22 {
		t.Errorf("reading from a time between 21 and 22 began with %v", got[0])
	}
}

// large sends 10 MB in one record where the topic allows it.
func (s *suite) large(t *testing.T, a *agent) {
	topic := s.ref.topic(s.name+".large", 1, map[string]string{"max.message.bytes": "12582912"})
	rng := rand.NewChaCha8([32]byte{1})
	value := make([]byte, 10<<20)
	_, _ = rng.Read(value)
	want := record{Key: []byte("large"), Value: value}
	a.do(request{Op: "produce", Topic: topic, Codec: "none", Records: []record{want, {Value: []byte("after")}}})
	got := a.fetch(request{Topic: topic, Count: 2})
	if d := difference(want, got[0]); d != "" {
		t.Error(d)
	}
	if string(got[1].Value) != "after" {
		t.Errorf("the record after it is %v", got[1])
	}
}

// tooLarge is refused with an error, and the client goes on.
func (s *suite) tooLarge(t *testing.T, a *agent) {
	topic := s.ref.topic(s.name+".toolarge", 1, nil)
	rng := rand.NewChaCha8([32]byte{2})
	value := make([]byte, 2<<20)
	_, _ = rng.Read(value)
	_, err := a.try(request{Op: "produce", Topic: topic, Codec: "none", Records: []record{{Value: value}}})
	if err == nil {
		t.Error("a record of 2 MiB was taken where 1 MiB is allowed")
	}
	if s.soreLoser {
		a = s.agent(t, s.addr)
	}
	a.do(request{Op: "produce", Topic: topic, Codec: "none", Records: []record{{Value: []byte("small")}}})
	if got := s.ref.read(topic, 0, 1); string(got[0].Value) != "small" {
		t.Errorf("stored: %v", got[0])
	}
}
