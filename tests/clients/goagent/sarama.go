package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/IBM/sarama"
)

// saramaClient is IBM's sarama.
type saramaClient struct {
	bootstrap string
	producers map[string]sarama.SyncProducer // by codec, or by transactional id
	m         *member
	group     sarama.ConsumerGroup
	session   sarama.ConsumerGroupSession // guarded by m.mu
	topic     string
	stop      context.CancelFunc
	stopped   chan struct{}
}

func newSarama(bootstrap string) *saramaClient {
	return &saramaClient{bootstrap: bootstrap, producers: map[string]sarama.SyncProducer{}}
}

func (s *saramaClient) config() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.MaxVersion
	c.Consumer.Return.Errors = false
	c.Consumer.Fetch.Default = maxBytes
	c.Consumer.MaxWaitTime = 100 * time.Millisecond
	c.Consumer.Offsets.AutoCommit.Enable = false
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Metadata.Retry.Max = 20
	return c
}

func (s *saramaClient) hello() (answer, error) {
	return answer{
		Version: version("github.com/IBM/sarama"),
		Codecs:  []string{"none", "gzip", "snappy", "lz4", "zstd"},
		Can:     []string{"admin", "idempotent", "static", "cooperative", "headers"},
	}, nil
}

func (s *saramaClient) ask(call func(sarama.ClusterAdmin) error) error {
	admin, err := sarama.NewClusterAdmin([]string{s.bootstrap}, s.config())
	if err != nil {
		return err
	}
	return errors.Join(call(admin), admin.Close())
}

func (s *saramaClient) create(q request) error {
	detail := &sarama.TopicDetail{NumPartitions: q.Partitions, ReplicationFactor: 1, ConfigEntries: map[string]*string{}}
	for k, v := range q.Config {
		detail.ConfigEntries[k] = &v
	}
	return s.ask(func(a sarama.ClusterAdmin) error { return a.CreateTopic(q.Topic, detail, false) })
}

func (s *saramaClient) remove(q request) error {
	return s.ask(func(a sarama.ClusterAdmin) error { return a.DeleteTopic(q.Topic) })
}

// saramaPartitioner takes the partition that a message names, or else hashes its key.
type saramaPartitioner struct{ sarama.Partitioner }

func (b saramaPartitioner) Partition(m *sarama.ProducerMessage, n int32) (int32, error) {
	if fixed := m.Metadata.(int32); fixed >= 0 {
		return fixed, nil
	}
	return b.Partitioner.Partition(m, n)
}

func (s *saramaClient) producer(codec string) (sarama.SyncProducer, error) {
	c := s.config()
	if err := c.Producer.Compression.UnmarshalText([]byte(codec)); err != nil {
		return nil, err
	}
	return s.open(codec, c)
}

// open returns the producer of this name, made with c if there is none.
func (s *saramaClient) open(name string, c *sarama.Config) (sarama.SyncProducer, error) {
	if p := s.producers[name]; p != nil {
		return p, nil
	}
	c.Producer.Partitioner = func(topic string) sarama.Partitioner {
		return saramaPartitioner{sarama.NewHashPartitioner(topic)}
	}
	c.Producer.Return.Successes = true
	c.Producer.MaxMessageBytes = maxBytes
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Idempotent = true
	c.Producer.Retry.Max = 50
	c.Net.MaxOpenRequests = 1
	p, err := sarama.NewSyncProducer([]string{s.bootstrap}, c)
	if err == nil {
		s.producers[name] = p
	}
	return p, err
}

func (s *saramaClient) produce(q request) (answer, error) {
	p, err := s.producer(q.Codec)
	if err != nil {
		return answer{}, err
	}
	return sendSarama(p, q)
}

func sendSarama(p sarama.SyncProducer, q request) (answer, error) {
	var messages []*sarama.ProducerMessage
	for _, r := range q.Records {
		m := &sarama.ProducerMessage{Topic: q.Topic, Metadata: r.P}
		if r.K != nil {
			m.Key = sarama.ByteEncoder(r.K)
		}
		if r.V != nil {
			m.Value = sarama.ByteEncoder(r.V)
		}
		if r.T > 0 {
			m.Timestamp = time.UnixMilli(r.T)
		}
		for _, h := range r.H {
			m.Headers = append(m.Headers, sarama.RecordHeader{Key: []byte(h.Key), Value: h.Value})
		}
		messages = append(messages, m)
	}
	if err := p.SendMessages(messages); err != nil {
		var each sarama.ProducerErrors
		if errors.As(err, &each) {
			return answer{}, fmt.Errorf("%w: %w", err, each[0].Err)
		}
		return answer{}, err
	}
	var a answer
	for _, m := range messages {
		a.Offsets, a.Partitions = append(a.Offsets, m.Offset), append(a.Partitions, m.Partition)
	}
	return a, nil
}

func fromSarama(m *sarama.ConsumerMessage) rec {
	out := rec{P: m.Partition, O: m.Offset, T: m.Timestamp.UnixMilli(), K: m.Key, V: m.Value}
	for _, h := range m.Headers {
		out.H = append(out.H, header{string(h.Key), h.Value})
	}
	return out
}

func (s *saramaClient) offset(q request) (answer, error) {
	cl, err := sarama.NewClient([]string{s.bootstrap}, s.config())
	if err != nil {
		return answer{}, err
	}
	o, err := cl.GetOffset(q.Topic, q.Partition, *q.At)
	return answer{Offset: o}, errors.Join(err, cl.Close())
}

func (s *saramaClient) fetch(q request) (answer, error) {
	config := s.config()
	if q.Isolation == "read_committed" {
		config.Consumer.IsolationLevel = sarama.ReadCommitted
	}
	from := q.From
	if q.At != nil {
		found, err := s.offset(q)
		if err != nil {
			return answer{}, err
		}
		from = found.Offset
	}
	c, err := sarama.NewConsumer([]string{s.bootstrap}, config)
	if err != nil {
		return answer{}, err
	}
	defer c.Close()
	pc, err := c.ConsumePartition(q.Topic, q.Partition, from)
	if err != nil {
		return answer{}, err
	}
	defer pc.Close()
	var a answer
	timeout := time.After(q.wait())
	for len(a.Records) < q.Count {
		select {
		case m := <-pc.Messages():
			a.Records = append(a.Records, fromSarama(m))
		case <-timeout:
			return a, nil
		}
	}
	return a, nil
}

func (s *saramaClient) committed(q request) (answer, error) {
	a := answer{Offset: -1}
	err := s.ask(func(admin sarama.ClusterAdmin) error {
		got, err := admin.ListConsumerGroupOffsets(q.Group, map[string][]int32{q.Topic: {q.Partition}})
		if err != nil {
			return err
		}
		if b := got.GetBlock(q.Topic, q.Partition); b != nil {
			a.Offset = b.Offset
		}
		return nil
	})
	return a, err
}

// Setup, Cleanup and ConsumeClaim make saramaClient a group handler.
func (s *saramaClient) Setup(session sarama.ConsumerGroupSession) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.session = session
	return nil
}

// Cleanup ends a session.
func (s *saramaClient) Cleanup(sarama.ConsumerGroupSession) error { return nil }

// ConsumeClaim reads one partition until it is taken away.
func (s *saramaClient) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	s.m.gain(claim.Partition())
	defer s.m.lose(claim.Partition())
	for m := range claim.Messages() {
		s.m.got(fromSarama(m))
		session.MarkMessage(m, "")
	}
	return nil
}

func saramaStrategy(name string) sarama.BalanceStrategy {
	switch name {
	case "cooperative":
		return sarama.NewBalanceStrategyCooperativeSticky()
	case "sticky":
		return sarama.NewBalanceStrategySticky()
	case "roundrobin":
		return sarama.NewBalanceStrategyRoundRobin()
	}
	return sarama.NewBalanceStrategyRange()
}

func (s *saramaClient) join(q request) error {
	c := s.config()
	c.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{saramaStrategy(q.Assignor)}
	c.Consumer.Group.InstanceId = q.Instance
	if q.SessionMs > 0 {
		c.Consumer.Group.Session.Timeout = time.Duration(q.SessionMs) * time.Millisecond
		c.Consumer.Group.Heartbeat.Interval = 500 * time.Millisecond
	}
	group, err := sarama.NewConsumerGroup([]string{s.bootstrap}, q.Group, c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.m, s.group, s.topic, s.stop, s.stopped = newMember(), group, q.Topic, cancel, make(chan struct{})
	go func() {
		defer close(s.stopped)
		for ctx.Err() == nil {
			if err := group.Consume(ctx, []string{q.Topic}, s); err != nil && ctx.Err() == nil {
				// A broker that is away is retried, as sarama's own example does.
				time.Sleep(200 * time.Millisecond)
			}
		}
	}()
	return nil
}

func (s *saramaClient) state() (answer, error) { return s.m.state() }

func (s *saramaClient) commit() error {
	s.m.mu.Lock()
	session := s.session
	s.m.mu.Unlock()
	session.Commit()
	return nil
}

func (s *saramaClient) leave() error {
	s.stop()
	<-s.stopped
	return s.group.Close()
}
