package kafka

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestEncode reads our batches with the client library's own reader of the format.
func TestEncode(t *testing.T) {
	for _, name := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		z, err := Codec(name)
		if err != nil {
			t.Fatal(err)
		}
		press, err := kgo.DefaultCompressor(z)
		if err != nil {
			t.Fatal(err)
		}
		values := [][]byte{[]byte("one"), bytes.Repeat([]byte("two"), 1000), {}}
		b := encode(values, press)
		var read kmsg.RecordBatch
		if err := read.ReadFrom(b.wire); err != nil {
			t.Fatal(err)
		}
		if got := crc32.Checksum(b.wire[checkedFrom:], castagnoli); uint32(read.CRC) != got {
			t.Errorf("%s: the checksum is %x; want %x", name, uint32(read.CRC), got)
		}
		plain, err := kgo.DefaultDecompressor().Decompress(read.Records, kgo.CompressionCodecType(read.Attributes&7))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			var r kmsg.Record
			size, n := binary.Varint(plain)
			if err := r.ReadFrom(plain[:n+int(size)]); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(r.Value, v) || int(r.OffsetDelta) != i || r.Key != nil {
				t.Errorf("%s: record %d came back as %+v", name, i, r)
			}
			plain = plain[n+int(size):]
		}
		if int(read.NumRecords) != len(values) || int(read.LastOffsetDelta) != len(values)-1 || len(plain) != 0 || b.payload != 3003 {
			t.Errorf("%s: got %+v", name, read)
		}
	}
}

// answer is a Fetch answer, from the throttle time on, as the library writes it.
func fetchAnswer(batches ...[]byte) []byte {
	r := kmsg.NewPtrFetchResponse()
	r.SetVersion(fetchVersion)
	topic := kmsg.NewFetchResponseTopic()
	topic.Topic = "t"
	for i, b := range batches {
		p := kmsg.NewFetchResponseTopicPartition()
		p.Partition, p.RecordBatches = int32(i), b
		p.AbortedTransactions = []kmsg.FetchResponseTopicPartitionAbortedTransaction{{}, {}}
		topic.Partitions = append(topic.Partitions, p)
	}
	r.Topics = append(r.Topics, topic)
	return r.AppendTo(nil)
}

func walkOver(b []byte) (*walk, map[int32]int64, portion) {
	w, at := &walk{in: bufio.NewReaderSize(bytes.NewReader(b), 4096), left: len(b)}, map[int32]int64{}
	return w, at, w.answer(at)
}

func TestWalkCountsWholeBatches(t *testing.T) {
	one := encode([][]byte{make([]byte, 5000), make([]byte, 10)}, nil).wire
	two := bytes.Clone(one)
	binary.BigEndian.PutUint64(two, 7) // base offset
	w, at, got := walkOver(fetchAnswer(append(bytes.Clone(one), two...), nil, one[:100], append(bytes.Clone(one), two[:80]...)))
	if got.records != 6 || got.err != nil || w.err != nil || w.left != 0 {
		t.Fatalf("got %+v, %v, %d left; want 6 records", got, w.err, w.left)
	}
	if at[0] != 9 || at[3] != 2 || len(at) != 2 {
		t.Errorf("the next offsets are %v; want 9 and 2", at)
	}
}

// TestWalkTrustsNothing: an answer cut anywhere, or with any byte changed, neither hangs nor reads past its end.
func TestWalkTrustsNothing(t *testing.T) {
	whole := fetchAnswer(encode([][]byte{[]byte("value")}, nil).wire)
	for n := range whole {
		if w, _, got := walkOver(whole[:n]); w.err == nil && got.err == nil {
			t.Errorf("cut at %d of %d: no error", n, len(whole))
		}
		for _, x := range []byte{0x00, 0x7f, 0x80, 0xff} {
			b := bytes.Clone(whole)
			b[n] = x
			if w, _, _ := walkOver(b); w.left < 0 {
				t.Errorf("byte %d as %x: read %d bytes past the end", n, x, -w.left)
			}
		}
	}
}

// TestBrokerThatGoesAway: every record that waits for an answer is failed once, and nobody hangs.
func TestBrokerThatGoesAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = c.Read(make([]byte, 100))
		c.Close()
	}()
	p := &rawProducer{topic: "t", acks: -1}
	to, err := p.connect(t.Context(), l.Addr().String(), 3)
	if err != nil {
		t.Fatal(err)
	}
	p.links = []*link{to}
	results := make(chan error, 10)
	for range 10 {
		to.send(t.Context(), 0, []byte("no batch"), true, func(err error) { results <- err })
	}
	for range 10 {
		if err := <-results; err == nil {
			t.Error("a request that nobody answered is told as done")
		}
	}
	if err := to.flush(context.Background()); err != nil {
		var closed net.Error
		if !errors.As(err, &closed) {
			t.Errorf("flush: %v", err)
		}
	}
	if err := p.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
