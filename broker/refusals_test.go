package broker

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/record"
)

// oneRecord is a valid batch of one record.
func oneRecord(codec record.Codec) []byte {
	b := record.NewBuilder(record.Options{Codec: codec})
	b.Append(1, []byte("k"), []byte("v"))
	return b.Build().Raw
}

// resummed changes a batch and makes its checksum right again.
func resummed(raw []byte, change func(raw []byte)) []byte {
	raw = append([]byte(nil), raw...)
	change(raw)
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

// producing is a Produce request of one batch to partition 0 of a topic.
func producing(version int16, topic string, acks int16, records []byte) *kmsg.ProduceRequest {
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.Acks, req.TimeoutMillis = version, acks, 5000
	p := kmsg.NewProduceRequestTopicPartition()
	p.Records = records
	t := kmsg.NewProduceRequestTopic()
	t.Topic, t.Partitions = topic, []kmsg.ProduceRequestTopicPartition{p}
	req.Topics = []kmsg.ProduceRequestTopic{t}
	return req
}

// raw sends one request as it stands, on a connection of its own, and decodes the answer.
func raw(t *testing.T, b *Broker, req kmsg.Request) kmsg.Response {
	t.Helper()
	conn := dialRaw(t, b)
	conn.send(req, 1)
	return conn.receive(req, 1)
}

// TestProduceRefusals holds B9 to B13, B16 to B18, B23 and B30, with the codes of the reliability page.
func TestProduceRefusals(t *testing.T) {
	b := openDir(t, t.TempDir())
	topic(t, b, "t", 1, "max.message.bytes=2000")
	topic(t, b, "compacted", 1, "cleanup.policy=compact")
	good := oneRecord(record.None)
	id := "txn"
	for name, c := range map[string]struct {
		version int16
		topic   string
		acks    int16
		records []byte
		id      *string
		want    int16
	}{
		"good":                    {9, "t", -1, good, nil, 0},
		"B9 acks 2":               {9, "t", 2, good, nil, 21},
		"B9 acks -7":              {9, "t", -7, good, nil, 21},
		"B10 nothing":             {9, "t", -1, nil, nil, 87},
		"B10 empty":               {9, "t", -1, []byte{}, nil, 87},
		"B10 two batches":         {9, "t", -1, append(append([]byte(nil), good...), good...), nil, 87},
		"B10 magic 1":             {9, "t", -1, resummed(good, func(b []byte) { b[16] = 1 }), nil, 87},
		"B11 crc":                 {9, "t", -1, append(append([]byte(nil), good[:len(good)-1]...), 0xAA), nil, 2},
		"B12 last offset delta":   {9, "t", -1, resummed(good, func(b []byte) { b[26] = 5 }), nil, 87},
		"B12 count -1":            {9, "t", -1, resummed(good, func(b []byte) { copy(b[57:], "\xff\xff\xff\xff") }), nil, 87},
		"B13 control batch":       {9, "t", -1, resummed(good, func(b []byte) { b[22] |= 0x20 }), nil, 87},
		"B16 zstd before v7":      {6, "t", -1, oneRecord(record.Zstd), nil, 76},
		"B17 codec 6":             {9, "t", -1, resummed(good, func(b []byte) { b[22] |= 6 }), nil, 87},
		"B19 far future":          {9, "t", -1, resummed(good, func(b []byte) { b[27], b[35] = 0x10, 0x10 }), nil, 32},
		"B23 transactional":       {9, "t", -1, resummed(good, func(b []byte) { b[22] |= 0x10 }), nil, 53},
		"no coordinator":          {9, "t", -1, resummed(good, func(b []byte) { b[22] |= 0x10 }), &id, 19},
		"unknown topic":           {9, "nowhere", -1, good, nil, 3},
		"B30 internal":            {9, "__consumer_offsets", -1, good, nil, 17},
		"lowest version":          {3, "t", -1, good, nil, 0},
		"acks 1":                  {9, "t", 1, good, nil, 0},
		"unknown topic id":        {13, "", -1, good, nil, 100},
		"keys of a compacted one": {9, "compacted", -1, good, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if c.topic == "__consumer_offsets" {
				offsetsTopicOf(t, b)
			}
			req := producing(c.version, c.topic, c.acks, c.records)
			req.TransactionID = c.id
			p := raw(t, b, req).(*kmsg.ProduceResponse).Topics[0].Partitions[0]
			if p.ErrorCode != c.want {
				t.Fatalf("error %d, want %d", p.ErrorCode, c.want)
			}
			if refused := c.want != 0; refused != (p.BaseOffset == -1) {
				t.Errorf("base offset %d with error %d", p.BaseOffset, p.ErrorCode)
			}
		})
	}
}

// offsetsTopicOf makes sure that __consumer_offsets exists.
func offsetsTopicOf(t *testing.T, b *Broker) {
	t.Helper()
	req := kmsg.NewPtrFindCoordinatorRequest()
	req.Version, req.CoordinatorKey = 3, "g"
	if resp := raw(t, b, req).(*kmsg.FindCoordinatorResponse); resp.ErrorCode != 0 {
		t.Fatalf("find coordinator: %d", resp.ErrorCode)
	}
}

// TestNoAcksCloses shows that an error without acknowledgement closes the connection, and success says
// nothing.
func TestNoAcksCloses(t *testing.T) {
	b := openDir(t, t.TempDir())
	topic(t, b, "t", 1)
	conn := dialRaw(t, b)
	conn.send(producing(9, "t", 0, oneRecord(record.None)), 1)
	next := kmsg.NewPtrApiVersionsRequest()
	conn.send(next, 2)
	conn.receive(next, 2) // nothing came in between
	conn.send(producing(9, "nowhere", 0, oneRecord(record.None)), 3)
	conn.mustClose()
	consumeN(t, b, "t", 1)
}

// fetching is a Fetch request without a session for partition 0 of a topic.
func fetching(version int16, topic string, offset int64) *kmsg.FetchRequest {
	req := kmsg.NewPtrFetchRequest()
	req.Version, req.MaxBytes, req.SessionEpoch = version, 1<<20, -1
	p := kmsg.NewFetchRequestTopicPartition()
	p.FetchOffset, p.PartitionMaxBytes = offset, 1<<20
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.Partitions = topic, []kmsg.FetchRequestTopicPartition{p}
	req.Topics = []kmsg.FetchRequestTopic{t}
	return req
}

// TestFetchRefusals holds B26 to B28.
func TestFetchRefusals(t *testing.T) {
	b := openDir(t, t.TempDir())
	topic(t, b, "t", 1)
	produceN(t, b, "t", 0, "x", 3)
	epoch := b.cluster.Image().Topic("t").Partitions[0].LeaderEpoch
	for name, c := range map[string]struct {
		change func(r *kmsg.FetchRequest)
		want   int16
	}{
		"good":               {func(*kmsg.FetchRequest) {}, 0},
		"at the end":         {func(r *kmsg.FetchRequest) { r.Topics[0].Partitions[0].FetchOffset = 3 }, 0},
		"B26 replica":        {func(r *kmsg.FetchRequest) { r.ReplicaID = 5 }, 29},
		"B28 beyond the end": {func(r *kmsg.FetchRequest) { r.Topics[0].Partitions[0].FetchOffset = 4 }, 1},
		"B28 negative":       {func(r *kmsg.FetchRequest) { r.Topics[0].Partitions[0].FetchOffset = -5 }, 1},
		"B28 old epoch":      {func(r *kmsg.FetchRequest) { r.Topics[0].Partitions[0].CurrentLeaderEpoch = epoch - 1 }, 74},
		"B28 future epoch":   {func(r *kmsg.FetchRequest) { r.Topics[0].Partitions[0].CurrentLeaderEpoch = epoch + 1 }, 75},
		"B28 topic id":       {func(r *kmsg.FetchRequest) { r.Version, r.Topics[0].TopicID = 13, [16]byte{1, 2, 3} }, 100},
		"unknown topic":      {func(r *kmsg.FetchRequest) { r.Topics[0].Topic = "nowhere" }, 3},
		"unknown partition":  {func(r *kmsg.FetchRequest) { r.Topics[0].Partitions[0].Partition = 7 }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			req := fetching(12, "t", 0)
			c.change(req)
			if epoch == 0 && name == "B28 old epoch" {
				t.Skip("the epoch is the first")
			}
			resp := raw(t, b, req).(*kmsg.FetchResponse)
			p := resp.Topics[0].Partitions[0]
			if p.ErrorCode != c.want || (c.want != 0) != (p.HighWatermark == -1) {
				t.Errorf("error %d, want %d; high watermark %d", p.ErrorCode, c.want, p.HighWatermark)
			}
		})
	}
	for name, c := range map[string]struct {
		id, epoch int32
		want      int16
	}{"B27 unknown": {12345, 1, 70}, "B27 epoch without session": {0, 3, 70}} {
		req := fetching(12, "t", 0)
		req.SessionID, req.SessionEpoch = c.id, c.epoch
		if resp := raw(t, b, req).(*kmsg.FetchResponse); resp.ErrorCode != c.want {
			t.Errorf("%s: error %d, want %d", name, resp.ErrorCode, c.want)
		}
	}
}

// TestFetchVersions reads the same records with every version.
func TestFetchVersions(t *testing.T) {
	b := openDir(t, t.TempDir())
	topic(t, b, "t", 1)
	produceN(t, b, "t", 0, "x", 3)
	id := b.cluster.Image().Topic("t").ID
	for version := int16(4); version <= 18; version++ {
		req := fetching(version, "t", 0)
		req.Topics[0].TopicID = id
		p := raw(t, b, req).(*kmsg.FetchResponse).Topics[0].Partitions[0]
		if p.ErrorCode != 0 || p.HighWatermark != 3 || len(p.RecordBatches) == 0 {
			t.Errorf("v%d: error %d, high watermark %d, %d bytes", version, p.ErrorCode, p.HighWatermark,
				len(p.RecordBatches))
		}
	}
}

// TestInitProducerID hands out ids that differ, also across a restart, and refuses what it must.
func TestInitProducerID(t *testing.T) {
	dir := t.TempDir()
	b := openDir(t, dir)
	seen := make(map[int64]bool)
	ask := func(change func(r *kmsg.InitProducerIDRequest)) *kmsg.InitProducerIDResponse {
		req := kmsg.NewPtrInitProducerIDRequest()
		req.Version, req.ProducerID, req.ProducerEpoch = 4, -1, -1
		change(req)
		return raw(t, b, req).(*kmsg.InitProducerIDResponse)
	}
	for round := range 2 {
		for range 5 {
			resp := ask(func(*kmsg.InitProducerIDRequest) {})
			if resp.ErrorCode != 0 || resp.ProducerEpoch != 0 || seen[resp.ProducerID] {
				t.Fatalf("answer %+v, ids so far %v", resp, seen)
			}
			seen[resp.ProducerID] = true
		}
		if round == 0 {
			shut(t, b)
			b = openDir(t, dir)
		}
	}
	empty, id := "", "txn"
	for name, c := range map[string]struct {
		change func(r *kmsg.InitProducerIDRequest)
		want   int16
	}{
		"empty id":      {func(r *kmsg.InitProducerIDRequest) { r.TransactionalID = &empty }, 42},
		"transactional": {func(r *kmsg.InitProducerIDRequest) { r.TransactionalID, r.TransactionTimeoutMillis = &id, 1000 }, 16},
		"id, no epoch":  {func(r *kmsg.InitProducerIDRequest) { r.ProducerID = 7 }, 42},
	} {
		if resp := ask(c.change); resp.ErrorCode != c.want || resp.ProducerID != -1 {
			t.Errorf("%s: error %d, want %d; id %d", name, resp.ErrorCode, c.want, resp.ProducerID)
		}
	}
}
