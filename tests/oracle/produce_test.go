package oracle

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func produceScenarios() []scenario {
	return []scenario{
		{key: 0, name: "valid", run: produceValid},
		{key: 0, name: "targets", run: produceTargets},
		{key: 0, name: "bad batches", run: produceBadBatches},
		{key: 0, name: "null records", min: 13, max: 13, run: produceNull},
		{key: 0, name: "bad records", run: produceBadRecords},
		{key: 0, name: "codecs", run: produceCodecs},
		{key: 0, name: "limits", run: produceLimits},
		{key: 0, name: "sequences", run: produceSequences},
	}
}

// produceRequest appends records to one partition.
func produceRequest(topic string, id [16]byte, partition int32, records []byte) *kmsg.ProduceRequest {
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, 10000
	t := kmsg.NewProduceRequestTopic()
	t.Topic, t.TopicID = topic, id
	t.Partitions = []kmsg.ProduceRequestTopicPartition{{Partition: partition, Records: records}}
	req.Topics = append(req.Topics, t)
	return req
}

func produceValid(s *session) {
	topic, id := s.topic("t", 2)
	for _, acks := range []int16{-1, 1} {
		req := produceRequest(topic, id, 0, newBatch("a", "b").bytes())
		req.Acks = acks
		s.ask(fmt.Sprintf("acks %d", acks), req)
	}
	two := produceRequest(topic, id, 0, newBatch("a").bytes())
	two.Topics[0].Partitions = append(two.Topics[0].Partitions,
		kmsg.ProduceRequestTopicPartition{Partition: 1, Records: newBatch("b").bytes()})
	s.ask("two partitions", two)
	null := newBatch("a")
	null.body = oneRecord(0, nil, nil)
	s.ask("null key and value", produceRequest(topic, id, 0, null.bytes()))
	headers := newBatch("a")
	headers.body = oneRecord(0, []byte("k"), []byte("v"), "h=1", "h=2")
	s.ask("headers", produceRequest(topic, id, 0, headers.bytes()))
	s.ask("nothing", &kmsg.ProduceRequest{Acks: -1, TimeoutMillis: 1000})
	fetch := fetchRequest(topic, id, 0, 0)
	fetch.Version = 12
	s.askAs("read back", fetch)
}

// produceTargets is B9 and B30, and partitions that are not there.
func produceTargets(s *session) {
	topic, id := s.topic("t", 1)
	for _, acks := range []int16{2, -7, -2, 32767} {
		req := produceRequest(topic, id, 0, newBatch("a").bytes())
		req.Acks = acks
		s.ask(fmt.Sprintf("acks %d", acks), req)
	}
	for _, p := range []int32{1, -1, 2147483647} {
		s.ask(fmt.Sprintf("partition %d", p), produceRequest(topic, id, p, newBatch("a").bytes()))
	}
	if s.version < 13 {
		for _, name := range []string{s.name("none"), "a/b", "", "a\x00b", strings.Repeat("x", 250)} {
			s.ask(fmt.Sprintf("topic %.20q", name), produceRequest(name, id, 0, newBatch("a").bytes()))
		}
	} else {
		s.ask("unknown id", produceRequest("", unknownID, 0, newBatch("a").bytes()))
		s.ask("zero id", produceRequest("", [16]byte{}, 0, newBatch("a").bytes()))
	}
	internal := "__consumer_offsets"
	s.ask("internal topic", produceRequest(internal, s.topicID(internal), 0, newBatch("a").bytes()))
	mixed := produceRequest(topic, id, 0, newBatch("a").bytes())
	mixed.Topics[0].Partitions = append(mixed.Topics[0].Partitions,
		kmsg.ProduceRequestTopicPartition{Partition: 5, Records: newBatch("b").bytes()})
	s.ask("good and unknown partition", mixed)
	tx := "tx"
	req := produceRequest(topic, id, 0, newBatch("a").bytes())
	req.TransactionID = &tx
	s.ask("transactional id on a plain batch", req)
}

// produceBadBatches is B10 to B13.
func produceBadBatches(s *session) {
	topic, id := s.topic("t", 1)
	for _, c := range []struct {
		name string
		edit func(b *batch)
	}{
		{"magic 0", func(b *batch) { b.Magic = 0 }},
		{"magic 1", func(b *batch) { b.Magic = 1 }},
		{"magic 3", func(b *batch) { b.Magic = 3 }},
		{"magic -1", func(b *batch) { b.Magic = -1 }},
		{"checksum", func(b *batch) { b.badCRC = true }},
		{"length too small", func(b *batch) { b.Length = 48 }},
		{"length one short", func(b *batch) { b.Length = int32(49 + len(b.body) - 1) }},
		{"length too long", func(b *batch) { b.Length = int32(49 + len(b.body) + 1) }},
		{"length negative", func(b *batch) { b.Length = -1 }},
		{"length huge", func(b *batch) { b.Length = 2147483647 }},
		{"last offset delta high", func(b *batch) { b.LastOffsetDelta = 5 }},
		{"last offset delta low", func(b *batch) { b.LastOffsetDelta = 0 }},
		{"last offset delta negative", func(b *batch) { b.LastOffsetDelta = -1 }},
		{"count -1", func(b *batch) { b.NumRecords = -1 }},
		{"count 0", func(b *batch) { b.NumRecords = 0 }},
		{"count 0 and delta -1", func(b *batch) { b.NumRecords, b.LastOffsetDelta, b.body = 0, -1, nil }},
		{"count high", func(b *batch) { b.NumRecords, b.LastOffsetDelta = 3, 2 }},
		{"count low", func(b *batch) { b.NumRecords, b.LastOffsetDelta = 1, 0 }},
		{"count huge", func(b *batch) { b.NumRecords, b.LastOffsetDelta = 2147483647, 2147483646 }},
		{"base offset 7", func(b *batch) { b.FirstOffset = 7 }},
		{"leader epoch 5", func(b *batch) { b.PartitionLeaderEpoch = 5 }},
		{"control batch", func(b *batch) { b.Attributes = 0x20 }},
		{"transactional", func(b *batch) { b.Attributes = 0x10 }},
		{"transactional with producer", func(b *batch) {
			b.Attributes, b.ProducerID, b.ProducerEpoch, b.FirstSequence = 0x10, 1000, 0, 0
		}},
		{"delete horizon", func(b *batch) { b.Attributes = 0x40 }},
		{"unknown attribute bits", func(b *batch) { b.Attributes = 0x7f00 }},
		{"log append time", func(b *batch) { b.Attributes = 0x08 }},
		{"sequence -1", func(b *batch) { b.ProducerID, b.ProducerEpoch, b.FirstSequence = 1000, 0, -1 }},
		{"producer epoch -1", func(b *batch) { b.ProducerID, b.ProducerEpoch, b.FirstSequence = 1000, -1, 0 }},
		{"producer -5", func(b *batch) { b.ProducerID, b.ProducerEpoch, b.FirstSequence = -5, 0, 0 }},
		{"trailing bytes", func(b *batch) { b.trailer = []byte{1, 2, 3} }},
		{"two batches", func(b *batch) { b.trailer = newBatch("c").bytes() }},
		{"batch and a bad one", func(b *batch) { b.trailer = newBatch("c").bytes()[:40] }},
	} {
		b := newBatch("a", "b")
		c.edit(b)
		s.ask(c.name, produceRequest(topic, id, 0, b.bytes()))
	}
	s.ask("empty records", produceRequest(topic, id, 0, []byte{}))
	whole := newBatch("a").bytes()
	for _, n := range []int{1, 11, 12, 16, 17, 60, 61, len(whole) - 1} {
		s.ask(fmt.Sprintf("first %d bytes", n), produceRequest(topic, id, 0, whole[:n]))
	}
}

// produceNull is apart because Kafka lets the client wait.
func produceNull(s *session) {
	_, id := s.topic("t", 1)
	s.limit = time.Second
	s.ask("null records", produceRequest("", id, 0, nil))
}

// produceBadRecords is B14.
func produceBadRecords(s *session) {
	topic, id := s.topic("t", 1)
	good := oneRecord(0, []byte("k"), []byte("v"))
	for _, c := range []struct {
		name string
		body []byte
	}{
		{"size negative", append([]byte{0x01}, good[1:]...)},
		{"size past the end", append([]byte{0x7e}, good[1:]...)},
		{"size too small", append([]byte{good[0] - 2}, good[1:]...)},
		{"size of ten bytes", append(bytes.Repeat([]byte{0xff}, 9), 0x01)},
		{"no record", nil},
		{"key past the end", []byte{0x0e, 0, 0, 0, 0x7e, 'k', 0x02, 'v', 0}},
		{"key size -2", []byte{0x0e, 0, 0, 0, 0x03, 'k', 0x02, 'v', 0}},
		{"value past the end", []byte{0x10, 0, 0, 0, 0x02, 'k', 0x7e, 'v', 0}},
		{"header count past the end", []byte{0x10, 0, 0, 0, 0x02, 'k', 0x02, 'v', 0x7e}},
		{"header count negative", []byte{0x10, 0, 0, 0, 0x02, 'k', 0x02, 'v', 0x01}},
		{"header key size -1", []byte{0x14, 0, 0, 0, 0x02, 'k', 0x02, 'v', 0x02, 0x01, 0x01}},
		{"bytes left in the record", []byte{0x12, 0, 0, 0, 0x02, 'k', 0x02, 'v', 0, 0}},
		{"bytes behind the records", append(bytes.Clone(good), 1, 2, 3)},
		{"offset delta 5", oneRecord(5, []byte("k"), []byte("v"))},
		{"attributes set", append([]byte{good[0], 0xff}, good[2:]...)},
	} {
		b := newBatch("a")
		b.body = c.body
		s.ask(c.name, produceRequest(topic, id, 0, b.bytes()))
	}
	two := newBatch("a", "b")
	two.body = append(oneRecord(0, []byte("k"), nil), oneRecord(0, []byte("k"), nil)...)
	s.ask("offset delta twice", produceRequest(topic, id, 0, two.bytes()))
	compacted, cid := s.topic("compacted", 1, "cleanup.policy=compact")
	null := newBatch("a", "b")
	null.body = append(oneRecord(0, []byte("k"), []byte("v")), oneRecord(1, nil, []byte("v"))...)
	s.ask("null key on a compacted topic", produceRequest(compacted, cid, 0, null.bytes()))
	s.ask("key on a compacted topic", produceRequest(compacted, cid, 0, newBatch("a").bytes()))
}

// produceCodecs is B16 and B17.
func produceCodecs(s *session) {
	topic, id := s.topic("t", 1)
	plain := newBatch("a", "b").body
	for codec := range int16(8) {
		b := newBatch("a", "b")
		b.Attributes = codec
		b.body = pack(codec, plain)
		s.ask(fmt.Sprintf("codec %d", codec), produceRequest(topic, id, 0, b.bytes()))
	}
	for _, codec := range []int16{1, 2, 3, 4} {
		b := newBatch("a", "b")
		b.Attributes, b.body = codec, []byte{1, 2, 3, 4, 5, 6, 7, 8}
		s.ask(fmt.Sprintf("codec %d around garbage", codec), produceRequest(topic, id, 0, b.bytes()))
		b.body, b.Length = nil, 0
		s.ask(fmt.Sprintf("codec %d around nothing", codec), produceRequest(topic, id, 0, b.bytes()))
	}
	b := newBatch("a", "b")
	b.Attributes, b.body = 1, pack(1, plain)[:12]
	s.ask("gzip cut short", produceRequest(topic, id, 0, b.bytes()))
	b = newBatch("a", "b")
	b.Attributes, b.body = 1, pack(1, plain[:len(plain)-3])
	s.ask("gzip around cut records", produceRequest(topic, id, 0, b.bytes()))
	b = newBatch("a", "b", "c")
	b.Attributes, b.body = 1, pack(1, plain)
	s.ask("gzip around fewer records", produceRequest(topic, id, 0, b.bytes()))
	b = newBatch("a")
	b.Attributes, b.body = 1, pack(1, plain)
	s.ask("gzip around more records", produceRequest(topic, id, 0, b.bytes()))
}

// pack compresses records; codecs 5 to 7 do not exist and leave them as they are.
func pack(codec int16, plain []byte) []byte {
	var out bytes.Buffer
	switch codec {
	case 1:
		w := gzip.NewWriter(&out)
		_, _ = w.Write(plain) // a bytes.Buffer takes everything
		_ = w.Close()
	case 2:
		out.Write(append([]byte{byte(len(plain)), byte(len(plain)-1) << 2}, plain...)) // one snappy literal
	case 3:
		out.Write([]byte{0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82}) // frame, independent blocks of 64 KiB
		out.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(plain))|1<<31))
		out.Write(append(bytes.Clone(plain), 0, 0, 0, 0))
	case 4:
		w, _ := zstd.NewWriter(nil) // without options there is nothing to refuse
		return w.EncodeAll(plain, nil)
	default:
		return plain
	}
	return out.Bytes()
}

// produceLimits is B18 and B19.
func produceLimits(s *session) {
	topic, id := s.topic("t", 1, "max.message.bytes=2000")
	s.ask("larger than max.message.bytes",
		produceRequest(topic, id, 0, newBatch(strings.Repeat("x", 3000)).bytes()))
	edge := newBatch(strings.Repeat("x", 1900))
	s.ask("below max.message.bytes", produceRequest(topic, id, 0, edge.bytes()))
	small, smallID := s.topic("small", 1, "segment.bytes=1048576", "max.message.bytes=5000000")
	s.ask("larger than segment.bytes",
		produceRequest(small, smallID, 0, newBatch(strings.Repeat("x", 1<<20)).bytes()))
	timed, timedID := s.topic("timed", 1, "message.timestamp.before.max.ms=1000",
		"message.timestamp.after.max.ms=1000")
	for _, c := range []struct {
		name string
		time int64
	}{{"old", baseTime}, {"far", 4_000_000_000_000}, {"year 292 million", 1<<63 - 1}, {"-1", -1}} {
		b := newBatch("a")
		b.FirstTimestamp, b.MaxTimestamp = c.time, c.time
		s.ask("limited topic, time "+c.name, produceRequest(timed, timedID, 0, b.bytes()))
		b = newBatch("a")
		b.FirstTimestamp, b.MaxTimestamp = c.time, c.time
		s.ask("plain topic, time "+c.name, produceRequest(topic, id, 0, b.bytes()))
	}
	b := newBatch("a", "b")
	b.MaxTimestamp = 5
	s.ask("max timestamp wrong", produceRequest(topic, id, 0, b.bytes()))
	b = newBatch("a")
	b.FirstTimestamp, b.MaxTimestamp = -2, -2
	s.ask("limited topic, time -2", produceRequest(timed, timedID, 0, b.bytes()))
	s.ask("plain topic, time -2", produceRequest(topic, id, 0, b.bytes()))
	stamped, stampedID := s.topic("stamped", 1, "message.timestamp.type=LogAppendTime")
	s.ask("log append time", produceRequest(stamped, stampedID, 0, newBatch("a").bytes()))
}

// produceSequences is the idempotent producer: resends, gaps and epochs.
func produceSequences(s *session) {
	topic, id := s.topic("t", 1)
	pid := s.producerID()
	ask := func(label string, epoch int16, sequence int32, values ...string) {
		b := newBatch(values...)
		b.ProducerID, b.ProducerEpoch, b.FirstSequence = pid, epoch, sequence
		s.ask(label, produceRequest(topic, id, 0, b.bytes()))
	}
	ask("at 0", 0, 0, "a", "b")
	ask("resent", 0, 0, "a", "b")
	ask("next", 0, 2, "c")
	ask("gap", 0, 9, "x")
	for i := range int32(6) {
		ask(fmt.Sprintf("run %d", i), 0, 3+i, "r")
	}
	ask("resent, still remembered", 0, 6, "r")
	ask("resent, forgotten", 0, 0, "a", "b")
	ask("overlapping", 0, 8, "r", "s")
	ask("newer epoch not at 0", 1, 4, "x")
	ask("newer epoch", 1, 0, "d")
	ask("older epoch", 0, 9, "x")
	pid += 1_000_000
	ask("unknown producer at 7", 0, 7, "x")
	ask("unknown producer at 0", 3, 0, "x")
}
