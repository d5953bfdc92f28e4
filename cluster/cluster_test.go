package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/internal/clock"
	"weir/metadata"
)

// tight is a store with few ops per transaction, as etcd has.
type tight struct {
	MetaStore
	most int
}

func (s tight) MaxOps() int { return s.most }

func (s tight) Txn(ctx context.Context, conds []Cond, ops []Op) (bool, int64, error) {
	if len(ops) > s.most {
		return false, 0, ErrTooManyOps
	}
	return s.MetaStore.Txn(ctx, conds, ops)
}

func testRules() Rules {
	check := func(configs map[string]string) error {
		for name, text := range configs {
			if name != "cleanup.policy" && name != "retention.ms" {
				return errors.New("Unknown topic config name: " + name)
			}
			if text == "bad" {
				return errors.New("Invalid value bad for configuration " + name)
			}
		}
		return nil
	}
	return Rules{
		CheckTopic: check,
		CheckGroup: check,
		CheckBroker: func(configs map[string]string, _ bool) error {
			return check(configs)
		},
		List: func(_ ResourceKind, name string) (string, bool, bool) {
			return "delete", name == "cleanup.policy", name != "nope"
		},
	}
}

func testConfig(id int32) Config {
	return Config{BrokerID: id, Rules: testRules(), SelfApplied: true,
		Endpoints: []metadata.Endpoint{{Listener: "PLAINTEXT", Host: "h", Port: 1000 + id}},
		Features:  []Feature{{"group.version", 0, 1}}}
}

func open(t *testing.T, s MetaStore, c Config) *Cluster {
	t.Helper()
	cl, err := Open(t.Context(), s, c, clock.Real(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cl.Close(); err != nil {
			t.Error(err)
		}
	})
	return cl
}

func create(t *testing.T, c *Cluster, topics ...NewTopic) []*metadata.Topic {
	t.Helper()
	var made []*metadata.Topic
	for _, r := range c.CreateTopics(t.Context(), topics, false) {
		if r.Err != nil {
			t.Fatalf("create %s: %v", r.Name, r.Err)
		}
		made = append(made, r.Topic)
	}
	return made
}

func plain(name string, partitions int32) NewTopic {
	return NewTopic{Name: name, Partitions: partitions, Replication: 1}
}

func TestOpenRegistersAnIncarnation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meta.db")
	var id string
	for start := range int64(3) {
		s, err := OpenBolt(path)
		if err != nil {
			t.Fatal(err)
		}
		c := open(t, s, testConfig(4))
		img := c.Image()
		if start == 0 {
			id = img.ClusterID
			create(t, c, plain("a", 2))
			img = c.Image()
		}
		switch {
		case len(img.ClusterID) != 22 || img.ClusterID != id:
			t.Errorf("start %d: cluster id %q; want %q", start, img.ClusterID, id)
		case img.BrokerEpoch != start || img.ControllerID != 4 || img.BrokerID != 4:
			t.Errorf("start %d: %+v", start, img)
		case img.Features["group.version"] != 1 || img.FeaturesEpoch != 1:
			t.Errorf("start %d: features %v", start, img.Features)
		}
		for n, p := range img.Topic("a").Partitions {
			if p.Leader != 4 || p.LeaderEpoch != int32(start) || p.PartitionEpoch != int32(start) {
				t.Errorf("start %d: partition %d: %+v", start, n, p)
			}
		}
		if e, ok := img.Broker(4).Endpoint("PLAINTEXT"); !ok || e.Port != 1004 {
			t.Errorf("endpoints %+v", img.Broker(4))
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		closeStore(t, s)
	}
}

func TestOpenRefusesAnothersData(t *testing.T) {
	s := NewMemStore()
	c := testConfig(1)
	c.ClusterID, c.Exclusive = "one", true
	open(t, s, c)
	lg := slog.New(slog.DiscardHandler)
	c.ClusterID = "two"
	_, err := Open(t.Context(), s, c, clock.Real(), lg)
	if err == nil || !strings.Contains(err.Error(), `"one"`) {
		t.Errorf("another cluster: %v", err)
	}
	c.ClusterID, c.BrokerID = "", 2
	_, err = Open(t.Context(), s, c, clock.Real(), lg)
	if err == nil || !strings.Contains(err.Error(), "broker 1") {
		t.Errorf("another broker: %v", err)
	}
}

func TestCreateWaitsUntilApplied(t *testing.T) {
	c := testConfig(1)
	c.SelfApplied = false
	cl := open(t, NewMemStore(), c)
	done := make(chan TopicResult, 1)
	changed := cl.Changed()
	go func() { done <- cl.CreateTopics(t.Context(), []NewTopic{plain("a", 1)}, false)[0] }()
	<-changed
	img := cl.Image()
	if img.Topic("a") == nil {
		t.Fatal("the image lacks the topic")
	}
	select {
	case r := <-done:
		t.Fatalf("returned before it was applied: %+v", r)
	default:
	}
	cl.Applied(img.Revision - 1)
	cl.Applied(img.Revision)
	if r := <-done; r.Err != nil || r.Topic == nil || r.Topic.ID != img.Topic("a").ID {
		t.Errorf("got %+v", r)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if r := cl.CreateTopics(ctx, []NewTopic{plain("b", 1)}, false)[0]; !errors.Is(r.Err, ErrTimeout) {
		t.Errorf("nothing applies: %+v", r)
	}
	if cl.Image().Topic("b") == nil {
		t.Error("a request that timed out while waiting is stored nevertheless")
	}
}

func TestClosedClusterAnswers(t *testing.T) {
	c := testConfig(1)
	c.SelfApplied = false
	cl := open(t, NewMemStore(), c)
	done := make(chan error, 1)
	changed := cl.Changed()
	go func() { done <- cl.CreateTopics(t.Context(), []NewTopic{plain("a", 1)}, false)[0].Err }()
	<-changed
	if err := cl.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
	if cl.Err() != nil {
		t.Errorf("Err after Close: %v", cl.Err())
	}
}

func TestTwoBrokersShareAStore(t *testing.T) {
	s := NewMemStore()
	a, b := open(t, s, testConfig(1)), open(t, s, testConfig(2))
	if err := a.awaitImage(t.Context(), b.Image().Revision); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	const each = 25
	made := make([]int, 2)
	for i, c := range []*Cluster{a, b} {
		wg.Go(func() {
			for n := range each {
				topics := []NewTopic{plain(fmt.Sprintf("shared-%d", n), 3), plain(fmt.Sprintf("own-%d-%d", i, n), 1)}
				for _, r := range c.CreateTopics(t.Context(), topics, false) {
					switch {
					case r.Err == nil:
						made[i]++
					case !errors.Is(r.Err, ErrTopicExists):
						t.Error(r.Err)
					}
				}
			}
		})
	}
	wg.Wait()
	if made[0]+made[1] != 3*each {
		t.Errorf("%d + %d topics made; want %d", made[0], made[1], 3*each)
	}
	for _, c := range []*Cluster{a, b} {
		_, rev, _ := s.Range(t.Context(), "/")
		if err := c.awaitImage(t.Context(), rev); err != nil {
			t.Fatal(err)
		}
		if got := len(c.Image().Topics()); got != 3*each {
			t.Errorf("%d topics in the image; want %d", got, 3*each)
		}
	}
	leaders := make(map[int32]int)
	for _, p := range a.Image().Topic("shared-0").Partitions {
		leaders[p.Leader]++
	}
	if leaders[1] == 0 || leaders[2] == 0 {
		t.Errorf("leaders %v: both brokers should lead", leaders)
	}
}

// recorded takes a snapshot after each transaction: every place where a crash can cut.
type recorded struct {
	*MemStore
	mu        sync.Mutex
	snapshots []*MemStore
}

func (r *recorded) Txn(ctx context.Context, conds []Cond, ops []Op) (bool, int64, error) {
	ok, rev, err := r.MemStore.Txn(ctx, conds, ops)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.snapshots = append(r.snapshots, r.Snapshot())
	return ok, rev, err
}

// TestCrashAnywhere cuts a history of changes, in transactions of 8 ops, after each of them. What starts
// again must have whole topics only, and must have tidied up.
func TestCrashAnywhere(t *testing.T) {
	rec := &recorded{MemStore: NewMemStore()}
	c := testConfig(1)
	c.Exclusive = true
	cl := open(t, tight{rec, 8}, c)
	create(t, cl, plain("big", 30), plain("small", 1))
	for _, r := range cl.CreatePartitions(t.Context(), []NewPartitions{{Name: "big", Count: 50}}, false) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	cl.DeleteTopics(t.Context(), []TopicRef{{Name: "big"}})
	create(t, cl, plain("big", 20))
	if len(rec.snapshots) < 15 {
		t.Fatalf("only %d places to crash", len(rec.snapshots))
	}
	for n, snap := range rec.snapshots {
		again := open(t, tight{snap, 8}, c)
		img := again.Image()
		if big := img.Topic("big"); big != nil && len(big.Partitions) != 30 && len(big.Partitions) != 50 &&
			len(big.Partitions) != 20 {
			t.Errorf("crash %d: %d partitions", n, len(big.Partitions))
		}
		kvs, _, _ := snap.Range(t.Context(), partsPart)
		if got, want := len(kvs), img.PartitionCount(); got > want && img.Topic("big") == nil {
			t.Errorf("crash %d: %d partitions stored, %d in the image", n, got, want)
		}
		create(t, again, plain("after", 1))
	}
}

func TestFollowerSurvivesCompaction(t *testing.T) {
	s := NewMemStore()
	c := open(t, s, testConfig(1))
	keep := create(t, c, plain("keep", 1))[0]
	events := make(chan Event, 1)
	m := newMirror(1)
	events <- Event{Err: ErrCompacted}
	lagging := &Cluster{store: s, config: testConfig(1), done: make(chan struct{}),
		lg: slog.New(slog.DiscardHandler)}
	lagging.image.init(metadata.Empty())
	lagging.applied.init(-1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go lagging.follow(ctx, m, events)
	_, rev, _ := s.Range(t.Context(), "/")
	if err := lagging.awaitImage(t.Context(), rev); err != nil {
		t.Fatal(err)
	}
	if got := lagging.Image().Topic("keep"); got == nil || got.ID != keep.ID {
		t.Errorf("got %+v", got)
	}
	create(t, c, plain("next", 1))
	if err := lagging.awaitImage(t.Context(), rev+1); err != nil || lagging.Image().Topic("next") == nil {
		t.Errorf("the follower does not go on: %v", err)
	}
}

func TestDamagedRecordStopsTheFollower(t *testing.T) {
	s := NewMemStore()
	c := open(t, s, testConfig(1))
	mustTxn(t, s, nil, Put(topicKey(metadata.NewTopicID()), []byte("{")))
	<-c.Done()
	if !errors.Is(c.Err(), ErrDamaged) {
		t.Errorf("got %v", c.Err())
	}
}

func TestProducerIDsNeverRepeat(t *testing.T) {
	s := NewMemStore()
	a, b := open(t, s, testConfig(1)), open(t, s, testConfig(2))
	seen := make(map[int64]bool)
	for n := range ProducerIDBlock + 10 {
		for _, c := range []*Cluster{a, b} {
			id, err := c.NextProducerID(t.Context())
			if err != nil || seen[id] {
				t.Fatalf("id %d, round %d: %v", id, n, err)
			}
			seen[id] = true
		}
	}
	id, err := open(t, s.Snapshot(), testConfig(1)).NextProducerID(t.Context())
	if err != nil || seen[id] {
		t.Errorf("after a restart: id %d, %v", id, err)
	}
}

func TestManyTopics(t *testing.T) {
	c := open(t, NewMemStore(), testConfig(1))
	var topics []NewTopic
	const n = 10000
	for i := range n {
		topics = append(topics, plain(fmt.Sprintf("topic-%05d", i), 1))
	}
	create(t, c, topics...)
	for i := 0; i < n; i += 997 {
		name := fmt.Sprintf("topic-%05d", i)
		if got := c.Image().Topic(name); got == nil || c.Image().TopicByID(got.ID) != got {
			t.Fatalf("%s is not found", name)
		}
	}
	if got := len(c.Image().Topics()); got != n {
		t.Errorf("%d topics; want %d", got, n)
	}
}
