package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// kafkaGo is segmentio's kafka-go: Writer, Reader, Client, and ConsumerGroup, on which its group reader
// stands.
type kafkaGo struct {
	bootstrap string
	writers   map[string]*kafka.Writer
	m         *member
	group     *kafka.ConsumerGroup
	current   *kafka.Generation // guarded by m.mu
	topic     string
	stop      context.CancelFunc
	stopped   chan struct{}
}

func newKafkaGo(bootstrap string) *kafkaGo {
	return &kafkaGo{bootstrap: bootstrap, writers: map[string]*kafka.Writer{}}
}

func (k *kafkaGo) hello() (answer, error) {
	return answer{
		Version: version("github.com/segmentio/kafka-go"),
		Codecs:  []string{"none", "gzip", "snappy", "lz4", "zstd"},
		Can:     []string{"admin", "headers"},
	}, nil
}

func (k *kafkaGo) client() *kafka.Client {
	return &kafka.Client{Addr: kafka.TCP(k.bootstrap), Timeout: 30 * time.Second}
}

func (k *kafkaGo) create(q request) error {
	t := kafka.TopicConfig{Topic: q.Topic, NumPartitions: int(q.Partitions), ReplicationFactor: 1}
	for name, value := range q.Config {
		t.ConfigEntries = append(t.ConfigEntries, kafka.ConfigEntry{ConfigName: name, ConfigValue: value})
	}
	r, err := k.client().CreateTopics(context.Background(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{t}})
	if err != nil {
		return err
	}
	return r.Errors[q.Topic]
}

func (k *kafkaGo) remove(q request) error {
	r, err := k.client().DeleteTopics(context.Background(), &kafka.DeleteTopicsRequest{Topics: []string{q.Topic}})
	if err != nil {
		return err
	}
	return r.Errors[q.Topic]
}

// kafkaGoBalancer takes the partition that a message names (kafka-go leaves that to the balancer), or hashes
// its key.
type kafkaGoBalancer struct{ kafka.Hash }

func (b *kafkaGoBalancer) Balance(m kafka.Message, partitions ...int) int {
	if fixed := m.WriterData.(int32); fixed >= 0 {
		return int(fixed)
	}
	return b.Hash.Balance(m, partitions...)
}

func (k *kafkaGo) writer(codec string) *kafka.Writer {
	if w := k.writers[codec]; w != nil {
		return w
	}
	w := &kafka.Writer{
		// With it the writer asks for a topic that is newer than what it knows of the cluster.
		AllowAutoTopicCreation: true,
		Addr:                   kafka.TCP(k.bootstrap), Balancer: &kafkaGoBalancer{}, RequiredAcks: kafka.RequireAll,
		BatchBytes: maxBytes, BatchTimeout: 5 * time.Millisecond, MaxAttempts: 50,
		Compression: map[string]kafka.Compression{
			"none": 0, "gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd,
		}[codec],
	}
	k.writers[codec] = w
	return w
}

func (k *kafkaGo) produce(q request) (answer, error) {
	var messages []kafka.Message
	for _, r := range q.Records {
		m := kafka.Message{Topic: q.Topic, Key: r.K, Value: r.V, WriterData: r.P}
		if r.T > 0 {
			m.Time = time.UnixMilli(r.T)
		}
		for _, h := range r.H {
			m.Headers = append(m.Headers, kafka.Header{Key: h.Key, Value: h.Value})
		}
		messages = append(messages, m)
	}
	if err := k.write(q.Codec, messages); err != nil {
		var each kafka.WriteErrors
		if errors.As(err, &each) && len(each) > 0 && each[0] != nil {
			return answer{}, fmt.Errorf("%w: %w", err, each[0])
		}
		return answer{}, err
	}
	var a answer
	for _, m := range messages {
		a.Offsets, a.Partitions = append(a.Offsets, m.Offset), append(a.Partitions, int32(m.Partition))
	}
	return a, nil
}

// write repeats what kafka-go gives up on before it sends anything, where other clients ask again: a topic that was
// made a moment ago, or a partition whose broker has just come back.
func (k *kafkaGo) write(codec string, messages []kafka.Message) error {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		err := k.writer(codec).WriteMessages(context.Background(), messages...)
		unsent := unsentOf(messages, err)
		if len(unsent) == 0 || time.Now().After(deadline) {
			return err
		}
		messages = unsent
	}
}

// unsentOf are the messages of a failed write that were certainly not sent, if that is all that failed.
func unsentOf(messages []kafka.Message, err error) []kafka.Message {
	if unknown, ok := err.(kafka.Error); ok && unknown == kafka.UnknownTopicOrPartition {
		return messages
	}
	var each kafka.WriteErrors
	if !errors.As(err, &each) {
		return nil
	}
	var unsent []kafka.Message
	for i, err := range each {
		switch {
		case errors.Is(err, protocol.ErrNoLeader):
			unsent = append(unsent, messages[i])
		case err != nil:
			return nil
		}
	}
	return unsent
}

func fromKafkaGo(m kafka.Message) rec {
	out := rec{P: int32(m.Partition), O: m.Offset, T: m.Time.UnixMilli(), K: m.Key, V: m.Value}
	for _, h := range m.Headers {
		out.H = append(out.H, header{h.Key, h.Value})
	}
	return out
}

func (k *kafkaGo) offset(q request) (answer, error) {
	ask := kafka.TimeOffsetOf(int(q.Partition), time.UnixMilli(*q.At))
	switch *q.At {
	case -1:
		ask = kafka.LastOffsetOf(int(q.Partition))
	case -2:
		ask = kafka.FirstOffsetOf(int(q.Partition))
	}
	r, err := k.client().ListOffsets(context.Background(), &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{q.Topic: {ask}},
	})
	if err != nil {
		return answer{}, err
	}
	for _, p := range r.Topics[q.Topic] {
		if p.Error != nil {
			return answer{}, p.Error
		}
		switch *q.At {
		case -1:
			return answer{Offset: p.LastOffset}, nil
		case -2:
			return answer{Offset: p.FirstOffset}, nil
		}
		for o := range p.Offsets {
			return answer{Offset: o}, nil
		}
	}
	return answer{Offset: -1}, nil
}

func (k *kafkaGo) reader(topic string, partition int, from int64) (*kafka.Reader, error) {
	r := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{k.bootstrap}, Topic: topic, Partition: partition, MinBytes: 1, MaxBytes: maxBytes,
		MaxWait: 100 * time.Millisecond,
	})
	return r, r.SetOffset(from)
}

func (k *kafkaGo) fetch(q request) (answer, error) {
	r, err := k.reader(q.Topic, int(q.Partition), q.From)
	if err != nil {
		return answer{}, err
	}
	defer r.Close()
	ctx, cancel := context.WithTimeout(context.Background(), q.wait())
	defer cancel()
	if q.At != nil {
		if err := r.SetOffsetAt(ctx, time.UnixMilli(*q.At)); err != nil {
			return answer{}, err
		}
	}
	var a answer
	for len(a.Records) < q.Count {
		m, err := r.FetchMessage(ctx)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return a, err
		}
		a.Records = append(a.Records, fromKafkaGo(m))
	}
	return a, nil
}

func (k *kafkaGo) committed(q request) (answer, error) {
	r, err := k.client().OffsetFetch(context.Background(), &kafka.OffsetFetchRequest{
		GroupID: q.Group, Topics: map[string][]int{q.Topic: {int(q.Partition)}},
	})
	if err != nil {
		return answer{}, err
	}
	for _, p := range r.Topics[q.Topic] {
		return answer{Offset: p.CommittedOffset}, p.Error
	}
	return answer{Offset: -1}, r.Error
}

func (k *kafkaGo) join(q request) error {
	c := kafka.ConsumerGroupConfig{
		ID: q.Group, Brokers: []string{k.bootstrap}, Topics: []string{q.Topic}, StartOffset: kafka.FirstOffset,
		GroupBalancers: []kafka.GroupBalancer{kafka.RangeGroupBalancer{}}, HeartbeatInterval: 500 * time.Millisecond,
		WatchPartitionChanges: true, JoinGroupBackoff: 500 * time.Millisecond,
	}
	if q.Assignor == "roundrobin" {
		c.GroupBalancers = []kafka.GroupBalancer{kafka.RoundRobinGroupBalancer{}}
	}
	if q.SessionMs > 0 {
		c.SessionTimeout = time.Duration(q.SessionMs) * time.Millisecond
	}
	group, err := kafka.NewConsumerGroup(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	k.m, k.group, k.topic, k.stop, k.stopped = newMember(), group, q.Topic, cancel, make(chan struct{})
	go func() {
		defer close(k.stopped)
		for ctx.Err() == nil {
			// An error here (a broker that is away) is reported once and retried by the group itself.
			if g, err := group.Next(ctx); err == nil {
				k.begin(g)
			}
		}
	}()
	return nil
}

// begin reads what one generation of the group assigns, until the generation ends.
func (k *kafkaGo) begin(g *kafka.Generation) {
	k.m.mu.Lock()
	k.current = g
	k.m.mu.Unlock()
	for _, a := range g.Assignments[k.topic] {
		g.Start(func(ctx context.Context) {
			k.m.gain(int32(a.ID))
			defer k.m.lose(int32(a.ID))
			r, err := k.reader(k.topic, a.ID, a.Offset)
			if err != nil {
				k.m.fail(err)
				return
			}
			defer r.Close()
			for {
				m, err := r.FetchMessage(ctx)
				switch {
				case ctx.Err() != nil:
					return
				case err == nil:
					k.m.got(fromKafkaGo(m))
				}
			}
		})
	}
}

func (k *kafkaGo) state() (answer, error) { return k.m.state() }

func (k *kafkaGo) commit() error {
	k.m.mu.Lock()
	g := k.current
	k.m.mu.Unlock()
	offsets := map[int]int64{}
	for p, o := range k.m.positions() {
		offsets[int(p)] = o
	}
	return g.CommitOffsets(map[string]map[int]int64{k.topic: offsets})
}

func (k *kafkaGo) leave() error {
	k.stop()
	err := k.group.Close()
	<-k.stopped
	return err
}
