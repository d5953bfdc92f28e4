//go:build clients

package clients

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// reference is the test's own eye on a broker: franz-go in this process.
type reference struct {
	t   testing.TB
	cl  *kgo.Client
	adm *kadm.Client
}

// write stores values, one record each, where they say: a value ends in -PARTITION-NUMBER.
func (r *reference) write(topic string, values []string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var records []*kgo.Record
	for _, v := range values {
		parts := strings.Split(v, "-")
		p, err := strconv.ParseInt(parts[len(parts)-2], 10, 32)
		if err != nil {
			r.t.Fatal(err)
		}
		records = append(records, &kgo.Record{Topic: topic, Partition: int32(p), Value: []byte(v)})
	}
	if err := r.cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
		r.t.Fatalf("write to %s: %v", topic, err)
	}
}

func newReference(t testing.TB, addr string) *reference {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.MetadataMinAge(100*time.Millisecond),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return &reference{t: t, cl: cl, adm: kadm.NewClient(cl)}
}

// groupSettings gives a group settings of its own, each name=value.
func (r *reference) groupSettings(group string, settings ...string) {
	r.t.Helper()
	alter, resource := kmsg.NewPtrIncrementalAlterConfigsRequest(), kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeGroupConfig, group
	for _, setting := range settings {
		c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		name, value, _ := strings.Cut(setting, "=")
		c.Name, c.Value = name, &value
		resource.Configs = append(resource.Configs, c)
	}
	alter.Resources = append(alter.Resources, resource)
	resp, err := alter.RequestWith(r.t.Context(), r.cl)
	if err != nil || resp.Resources[0].ErrorCode != 0 {
		r.t.Fatalf("settings of %s: %v %+v", group, err, resp)
	}
}

// writeTimed stores n records in partition 0, one every step from base on.
func (r *reference) writeTimed(topic string, base int64, step time.Duration, n int) {
	r.t.Helper()
	var records []*kgo.Record
	for i := range n {
		at := time.UnixMilli(base).Add(time.Duration(i) * step)
		records = append(records, &kgo.Record{Topic: topic, Value: fmt.Appendf(nil, "v%d", i), Timestamp: at})
	}
	if err := r.cl.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		r.t.Fatalf("write to %s: %v", topic, err)
	}
}

// topicNumber makes topics of parallel tests differ.
var topicNumber atomic.Int64

// topic creates one with a name of its own and returns the name once it can be used.
func (r *reference) topic(prefix string, partitions int32, config map[string]string) string {
	r.t.Helper()
	name := fmt.Sprintf("%s.%d", prefix, topicNumber.Add(1))
	r.create(name, partitions, config)
	return name
}

// create makes a topic of exactly this name and returns once it can be used.
func (r *reference) create(name string, partitions int32, config map[string]string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	values := map[string]*string{}
	for k, v := range config {
		values[k] = &v
	}
	if got, err := r.adm.CreateTopic(ctx, partitions, 1, values, name); errors.Join(err, got.Err) != nil {
		r.t.Fatalf("create topic %s: %v %v", name, err, got.Err)
	}
	r.awaitTopic(name, partitions)
}

// awaitTopic waits until a topic is known with all its leaders: in Apache Kafka that is a moment after its creation
// was answered, and not every client asks twice.
func (r *reference) awaitTopic(name string, partitions int32) {
	r.t.Helper()
	await(r.t, 20*time.Second, fmt.Sprintf("topic %s is known with %d partitions", name, partitions), func() bool {
		details, err := r.adm.ListTopics(context.Background(), name)
		if err != nil || details[name].Err != nil || len(details[name].Partitions) != int(partitions) {
			return false
		}
		for _, p := range details[name].Partitions {
			if p.Err != nil || p.Leader < 0 {
				return false
			}
		}
		return true
	})
}

// stored is a record as it lies in the log, with the codec of its batch.
type stored struct {
	record
	codec string
}

var codecNames = map[uint8]string{0: "none", 1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}

// read returns the first count records of a partition.
func (r *reference) read(topic string, partition int32, count int) []stored {
	r.t.Helper()
	at := map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().At(0)}}
	cl, err := kgo.NewClient(append(r.cl.Opts(), kgo.ConsumePartitions(at), kgo.FetchMaxPartitionBytes(16<<20))...)
	if err != nil {
		r.t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out []stored
	for len(out) < count {
		got := cl.PollRecords(ctx, count-len(out))
		if err := errors.Join(got.Err0(), ctx.Err()); err != nil {
			r.t.Fatalf("read %s/%d: %d of %d records, then %v", topic, partition, len(out), count, err)
		}
		got.EachError(func(_ string, p int32, err error) { r.t.Errorf("read %s/%d: %v", topic, p, err) })
		got.EachRecord(func(k *kgo.Record) { out = append(out, fromKgo(k)) })
	}
	return out
}

func fromKgo(k *kgo.Record) stored {
	s := stored{codec: codecNames[k.Attrs.CompressionType()]}
	s.Partition, s.Offset, s.Timestamp, s.Key, s.Value = k.Partition, k.Offset, k.Timestamp.UnixMilli(), k.Key, k.Value
	for _, h := range k.Headers {
		s.Headers = append(s.Headers, header{h.Key, h.Value})
	}
	return s
}

// header is the value of the first header of this name.
func (r record) header(name string) string {
	for _, h := range r.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}

// shareLag is how many records of a topic a share group has not settled yet.
func (r *reference) shareLag(group, topic string) (lag int64) {
	r.t.Helper()
	details, err := r.adm.ListTopics(r.t.Context(), topic)
	if err != nil {
		r.t.Fatalf("describe %s: %v", topic, err)
	}
	q, of, in := kmsg.NewPtrDescribeShareGroupOffsetsRequest(), kmsg.NewDescribeShareGroupOffsetsRequestGroup(), kmsg.NewDescribeShareGroupOffsetsRequestGroupTopic()
	in.Topic, in.Partitions = topic, details[topic].Partitions.Numbers()
	of.GroupID, of.Topics = group, append(of.Topics, in)
	q.Groups = append(q.Groups, of)
	shards := r.cl.RequestSharded(r.t.Context(), q)
	if len(shards) != 1 || shards[0].Err != nil {
		r.t.Fatalf("offsets of share group %s: %+v", group, shards)
	}
	for _, p := range shards[0].Resp.(*kmsg.DescribeShareGroupOffsetsResponse).Groups[0].Topics[0].Partitions {
		if p.ErrorCode != 0 {
			r.t.Fatalf("offsets of share group %s: %+v", group, p)
		}
		lag += p.Lag
	}
	return lag
}

// committed returns all records of a topic that a reader of read_committed sees, by partition and offset.
func (r *reference) committed(topic string, partitions int32) []*kgo.Record {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ends, err := r.adm.ListCommittedOffsets(ctx, topic)
	if err = errors.Join(err, ends.Error()); err != nil {
		r.t.Fatalf("last stable offsets of %s: %v", topic, err)
	}
	at := map[int32]kgo.Offset{}
	for p := range partitions {
		if end, _ := ends.Lookup(topic, p); end.Offset > 0 {
			at[p] = kgo.NewOffset().At(0)
		}
	}
	cl, err := kgo.NewClient(append(r.cl.Opts(), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: at}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())...)
	if err != nil {
		r.t.Fatal(err)
	}
	defer cl.Close()
	var out []*kgo.Record
	for len(at) > 0 { // what is left to be read to its end, which the marker of the last transaction may be
		got := cl.PollFetches(ctx)
		if err := errors.Join(got.Err0(), ctx.Err()); err != nil {
			r.t.Fatalf("read the committed records of %s: %v", topic, err)
		}
		got.EachRecord(func(k *kgo.Record) {
			end, _ := ends.Lookup(topic, k.Partition)
			if k.Offset+1 >= end.Offset {
				delete(at, k.Partition)
			}
			if !k.Attrs.IsControl() && k.Offset < end.Offset {
				out = append(out, k)
			}
		})
	}
	slices.SortFunc(out, func(a, b *kgo.Record) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	})
	return out
}
