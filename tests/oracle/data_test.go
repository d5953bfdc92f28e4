package oracle

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func dataScenarios() []scenario {
	return []scenario{
		{key: 1, name: "read", run: fetchRead},
		{key: 1, name: "bad", run: fetchBad},
		{key: 1, name: "epochs", min: 9, max: 18, run: fetchEpochs},
		{key: 1, name: "ids", min: 13, max: 18, run: fetchIDs},
		{key: 1, name: "sessions", min: 7, max: 18, run: fetchSessions},
		{key: 2, name: "times", run: listTimes},
		{key: 2, name: "bad", run: listBad},
		{key: 21, name: "delete", run: deleteRecords},
		{key: 21, name: "bad", run: deleteRecordsBad},
		{key: 22, name: "idempotent", run: initProducer},
		{key: 23, name: "epochs", run: epochEnds},
		{key: 61, name: "producers", run: describeProducers},
	}
}

// fetchRequest asks for one partition and does not wait.
func fetchRequest(topic string, id [16]byte, partition int32, offset int64) *kmsg.FetchRequest {
	req := kmsg.NewPtrFetchRequest()
	req.ReplicaID, req.MaxWaitMillis, req.MinBytes, req.MaxBytes = -1, 0, 1, 1<<20
	req.SessionID, req.SessionEpoch = 0, -1
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = topic, id
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = partition, offset, 1<<20
	p.CurrentLeaderEpoch, p.LogStartOffset = -1, -1
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	return req
}

// filled creates a topic and puts three batches of two records into partition 0.
func (s *session) filled(name string, settings ...string) (string, [16]byte) {
	topic, id := s.topic(name, 2, settings...)
	for i := range 3 {
		b := newBatch(fmt.Sprintf("v%d", 2*i), fmt.Sprintf("v%d", 2*i+1))
		b.FirstTimestamp, b.MaxTimestamp = baseTime+int64(i)*1000, baseTime+int64(i)*1000+1
		req := produceRequest(topic, id, 0, b.bytes())
		req.Version = 9
		resp := s.must(req).(*kmsg.ProduceResponse)
		s.check("produce", resp.Topics[0].Partitions[0].ErrorCode)
	}
	return topic, id
}

func fetchRead(s *session) {
	topic, id := s.filled("t")
	for _, offset := range []int64{0, 1, 2, 5} {
		s.ask(fmt.Sprintf("from %d", offset), fetchRequest(topic, id, 0, offset))
	}
	s.ask("from the end", fetchRequest(topic, id, 0, 6))
	s.ask("empty partition", fetchRequest(topic, id, 1, 0))
	small := fetchRequest(topic, id, 0, 0)
	small.Topics[0].Partitions[0].PartitionMaxBytes = 1
	s.ask("partition limit of 1", small)
	small = fetchRequest(topic, id, 0, 2)
	small.MaxBytes = 1
	s.ask("limit of 1", small)
	two := fetchRequest(topic, id, 0, 0)
	two.MaxBytes = 100
	p := two.Topics[0].Partitions[0]
	p.Partition = 1
	two.Topics[0].Partitions = append(two.Topics[0].Partitions, p)
	s.ask("two partitions", two)
	committed := fetchRequest(topic, id, 0, 0)
	committed.IsolationLevel = 1
	s.ask("read committed", committed)
	wait := fetchRequest(topic, id, 0, 6)
	wait.MaxWaitMillis, wait.MinBytes = 50, 1<<20
	s.ask("wait at the end", wait)
	none := fetchRequest(topic, id, 0, 0)
	none.Topics = nil
	s.ask("nothing", none)
}

func fetchBad(s *session) {
	topic, id := s.filled("t")
	for _, offset := range []int64{7, 100, -1, -2, 1 << 62} {
		s.ask(fmt.Sprintf("from %d", offset), fetchRequest(topic, id, 0, offset))
	}
	for _, partition := range []int32{2, -1, 2147483647} {
		s.ask(fmt.Sprintf("partition %d", partition), fetchRequest(topic, id, partition, 0))
	}
	if s.version < 13 {
		s.ask("unknown topic", fetchRequest(s.name("none"), id, 0, 0))
		s.ask("bad topic", fetchRequest("a/b", id, 0, 0))
	}
	for _, limit := range []int32{0, -1} {
		small := fetchRequest(topic, id, 0, 0)
		small.Topics[0].Partitions[0].PartitionMaxBytes = limit
		s.ask(fmt.Sprintf("partition limit of %d", limit), small)
		small = fetchRequest(topic, id, 0, 0)
		small.MaxBytes = limit
		s.ask(fmt.Sprintf("limit of %d", limit), small)
	}
	req := fetchRequest(topic, id, 0, 0)
	req.IsolationLevel = 7
	s.ask("isolation 7", req)
	req = fetchRequest(topic, id, 0, 0)
	req.MaxWaitMillis = -5
	s.ask("negative wait", req)
	twice := fetchRequest(topic, id, 0, 0)
	twice.Topics = append(twice.Topics, twice.Topics[0])
	s.ask("the same topic twice", twice)
}

func fetchEpochs(s *session) {
	topic, id := s.filled("t")
	epoch := s.epoch(topic)
	for _, delta := range []int32{0, 1, 1000} {
		req := fetchRequest(topic, id, 0, 0)
		req.Topics[0].Partitions[0].CurrentLeaderEpoch = epoch + delta
		s.ask(fmt.Sprintf("leader epoch %+d", delta), req)
	}
	if s.version < 12 {
		return
	}
	for _, delta := range []int32{0, 5} {
		req := fetchRequest(topic, id, 0, 3)
		req.Topics[0].Partitions[0].LastFetchedEpoch = epoch + delta
		req.Topics[0].Partitions[0].CurrentLeaderEpoch = epoch
		s.ask(fmt.Sprintf("last fetched epoch %+d", delta), req)
	}
	req := fetchRequest(topic, id, 0, 50)
	req.Topics[0].Partitions[0].LastFetchedEpoch = epoch
	s.ask("diverging", req)
}

// epoch is the leader epoch of partition 0, which a restart moves on one broker and not on the other.
func (s *session) epoch(topic string) int32 {
	req := named(topic)
	req.Version = 12
	return s.must(req).(*kmsg.MetadataResponse).Topics[0].Partitions[0].LeaderEpoch
}

func fetchIDs(s *session) {
	topic, id := s.filled("t")
	s.ask("known", fetchRequest("", id, 0, 0))
	s.ask("unknown", fetchRequest("", unknownID, 0, 0))
	both := fetchRequest(topic, id, 0, 0)
	both.Topics = append(both.Topics, fetchRequest("", unknownID, 0, 0).Topics...)
	s.ask("both", both)
	s.ask("zero", fetchRequest("", [16]byte{}, 0, 0))
}

func fetchSessions(s *session) {
	topic, id := s.filled("t")
	in := func(session, epoch int32, offset int64) *kmsg.FetchRequest {
		req := fetchRequest(topic, id, 0, offset)
		req.SessionID, req.SessionEpoch = session, epoch
		return req
	}
	resp := s.ask("open", in(0, 0, 0))
	if resp == nil {
		return
	}
	sid := resp.(*kmsg.FetchResponse).SessionID
	empty := in(sid, 1, 0)
	empty.Topics = nil
	s.ask("nothing new", empty)
	s.ask("other offset", in(sid, 2, 6))
	s.ask("epoch again", in(sid, 2, 6))
	s.ask("epoch ahead", in(sid, 9, 6))
	s.ask("unknown session", in(12345, 1, 0))
	forget := in(sid, 3, 0)
	forget.Topics = nil
	forget.ForgottenTopics = []kmsg.FetchRequestForgottenTopic{{Topic: topic, TopicID: id,
		Partitions: []int32{0}}}
	s.ask("forget", forget)
	s.ask("close", in(sid, -1, 0))
	s.ask("after closing", in(sid, 4, 0))
	s.ask("session without epoch", in(sid, 0, 0))
}

// listOffsetsRequest asks for one partition.
func listOffsetsRequest(topic string, partition int32, timestamp int64) *kmsg.ListOffsetsRequest {
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic = topic
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition, p.Timestamp, p.CurrentLeaderEpoch = partition, timestamp, -1
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	return req
}

func listTimes(s *session) {
	topic, _ := s.filled("t")
	for _, time := range []int64{-1, -2, -3, -4, -5, -6, -7, -100, 0, baseTime, baseTime + 1, baseTime + 2,
		baseTime + 1001, baseTime + 2001, baseTime + 2002, 1 << 62} {
		s.ask(fmt.Sprintf("time %d", time), listOffsetsRequest(topic, 0, time))
		if time < 10 {
			s.ask(fmt.Sprintf("empty, time %d", time), listOffsetsRequest(topic, 1, time))
		}
	}
	committed := listOffsetsRequest(topic, 0, -1)
	committed.IsolationLevel = 1
	s.ask("read committed", committed)
}

func listBad(s *session) {
	topic, _ := s.filled("t")
	s.ask("unknown topic", listOffsetsRequest(s.name("none"), 0, -1))
	s.ask("bad topic", listOffsetsRequest("a/b", 0, -1))
	s.ask("partition 9", listOffsetsRequest(topic, 9, -1))
	s.ask("partition -1", listOffsetsRequest(topic, -1, -1))
	twice := listOffsetsRequest(topic, 0, -1)
	twice.Topics[0].Partitions = append(twice.Topics[0].Partitions, twice.Topics[0].Partitions[0])
	s.ask("the same partition twice", twice)
	s.ask("nothing", &kmsg.ListOffsetsRequest{ReplicaID: -1})
	if s.version < 4 {
		return
	}
	epoch := s.epoch(topic)
	for _, delta := range []int32{0, 1, 100} {
		req := listOffsetsRequest(topic, 0, -1)
		req.Topics[0].Partitions[0].CurrentLeaderEpoch = epoch + delta
		s.ask(fmt.Sprintf("leader epoch %+d", delta), req)
	}
}

// truncation is a DeleteRecords request.
func truncation(topic string, partition int32, offset int64) *kmsg.DeleteRecordsRequest {
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.TimeoutMillis = 5000
	req.Topics = []kmsg.DeleteRecordsRequestTopic{{Topic: topic,
		Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Partition: partition, Offset: offset}}}}
	return req
}

func deleteRecords(s *session) {
	topic, _ := s.filled("t")
	earliest := func(label string) {
		req := listOffsetsRequest(topic, 0, -2)
		req.Version = 7
		s.askAs(label, req)
	}
	for _, offset := range []int64{0, 1, 4, 2} {
		s.ask(fmt.Sprintf("before %d", offset), truncation(topic, 0, offset))
		earliest(fmt.Sprintf("earliest after %d", offset))
	}
	fetch := fetchRequest(topic, [16]byte{}, 0, 1)
	fetch.Version = 11
	s.askAs("fetch below", fetch)
	s.ask("all", truncation(topic, 0, -1))
	earliest("earliest after all")
	s.ask("empty partition", truncation(topic, 1, -1))
}

func deleteRecordsBad(s *session) {
	topic, _ := s.filled("t")
	for _, offset := range []int64{7, 1 << 62, -2, -100} {
		s.ask(fmt.Sprintf("before %d", offset), truncation(topic, 0, offset))
	}
	s.ask("unknown topic", truncation(s.name("none"), 0, 1))
	s.ask("partition 9", truncation(topic, 9, 1))
	s.ask("bad topic", truncation("a/b", 0, 1))
	s.ask("internal topic", truncation("__consumer_offsets", 0, 0))
	s.ask("nothing", &kmsg.DeleteRecordsRequest{TimeoutMillis: 1000})
	twice := truncation(topic, 0, 1)
	twice.Topics[0].Partitions = append(twice.Topics[0].Partitions, twice.Topics[0].Partitions[0])
	s.ask("the same partition twice", twice)
}

func initProducer(s *session) {
	ask := func(label string, id int64, epoch int16) {
		req := kmsg.NewPtrInitProducerIDRequest()
		req.TransactionTimeoutMillis, req.ProducerID, req.ProducerEpoch = 60000, id, epoch
		s.ask(label, req)
	}
	ask("new", -1, -1)
	ask("another", -1, -1)
	if s.version >= 3 {
		ask("id without epoch", 5, -1)
		ask("epoch without id", -1, 5)
		ask("known", 5, 3)
	}
	empty := ""
	req := kmsg.NewPtrInitProducerIDRequest()
	req.TransactionalID, req.TransactionTimeoutMillis = &empty, 60000
	s.ask("empty transactional id", req)
}

func epochEnds(s *session) {
	topic, _ := s.filled("t")
	epoch := s.epoch(topic)
	ask := func(label, topic string, partition, current, asked int32) {
		req := kmsg.NewPtrOffsetForLeaderEpochRequest()
		req.ReplicaID = -1
		t := kmsg.OffsetForLeaderEpochRequestTopic{Topic: topic}
		t.Partitions = []kmsg.OffsetForLeaderEpochRequestTopicPartition{{Partition: partition,
			CurrentLeaderEpoch: current, LeaderEpoch: asked}}
		req.Topics = append(req.Topics, t)
		s.ask(label, req)
	}
	ask("this epoch", topic, 0, -1, epoch)
	ask("with the current epoch", topic, 0, epoch, epoch)
	ask("future epoch", topic, 0, -1, epoch+5)
	ask("current epoch ahead", topic, 0, epoch+1, epoch)
	ask("epoch -1", topic, 0, -1, -1)
	ask("empty partition", topic, 1, -1, epoch)
	ask("partition 9", topic, 9, -1, epoch)
	ask("unknown topic", s.name("none"), 0, -1, 0)
	ask("bad topic", "a/b", 0, -1, 0)
}

func describeProducers(s *session) {
	topic, id := s.filled("t")
	b := newBatch("x", "y")
	b.ProducerID, b.ProducerEpoch, b.FirstSequence = s.producerID(), 0, 0
	req := produceRequest(topic, id, 1, b.bytes())
	req.Version = 9
	s.askAs("idempotent batch", req)
	ask := func(label, topic string, partitions ...int32) {
		req := kmsg.NewPtrDescribeProducersRequest()
		req.Topics = []kmsg.DescribeProducersRequestTopic{{Topic: topic, Partitions: partitions}}
		s.ask(label, req)
	}
	ask("none and one", topic, 0, 1)
	ask("partition 9", topic, 9)
	ask("no partitions", topic)
	ask("unknown topic", s.name("none"), 0)
	ask("bad topic", "a/b", 0)
}

// producerID takes a new one from the broker.
func (s *session) producerID() int64 {
	req := kmsg.NewPtrInitProducerIDRequest()
	req.Version, req.TransactionTimeoutMillis, req.ProducerID, req.ProducerEpoch = 4, 60000, -1, -1
	for range 500 {
		resp := s.must(req).(*kmsg.InitProducerIDResponse)
		if resp.ErrorCode == 0 {
			return resp.ProducerID
		}
		pause() // a fresh Kafka has no block of ids yet
	}
	panic(failure{errors.New("prepare: no producer id")})
}
