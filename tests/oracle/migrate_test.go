package oracle

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/broker"
	"weir/cluster"
)

// migrateSeeds are the scripts whose groups are taken from one broker to the other: all kinds of groups.
var migrateSeeds = []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}

const offsetsTopic = "__consumer_offsets"

// TestGroupsFromKafka has groups live at an Apache Kafka and then gives its records of them to a Weir: what can be asked
// about each group is the same there, and its members go on as if nothing had happened.
func TestGroupsFromKafka(t *testing.T) {
	kafka := newModelKafka(t)
	warmUp(t, kafka.endpoint)
	groups := liveGroups(t, kafka.endpoint)
	store := storeLike(t, kafka.endpoint, groups)
	dir := t.TempDir()
	id := topicIDs(t, kafka.endpoint)[offsetsTopic]
	for i := range offsetsPartitions {
		segments(t, filepath.Join(kafka.logDir(), fmt.Sprintf("%s-%d", offsetsTopic, i)), filepath.Join(dir, fmt.Sprintf("%s-%d", id, i)))
	}
	kafka.stop()
	weir := openWeir(t, dir, store, modelSettings)
	warmUp(t, weir)
	compareMoved(t, weir, groups)
}

// TestGroupsToKafka is the other way: an Apache Kafka takes over the groups of a Weir.
func TestGroupsToKafka(t *testing.T) {
	kafka := newModelKafka(t)
	warmUp(t, kafka.endpoint)
	prepared := newWorlds(t, kafka.endpoint) // their topics, to have their ids
	store := storeLike(t, kafka.endpoint, prepared)
	dir := t.TempDir()
	var weir endpoint
	var groups []*world
	t.Run("weir", func(t *testing.T) {
		weir = openWeir(t, dir, store, modelSettings)
		warmUp(t, weir)
		groups = liveGroups(t, weir)
	}) // and it closes
	id := topicIDs(t, kafka.endpoint)[offsetsTopic]
	kafka.stop()
	for i := range offsetsPartitions {
		segments(t, filepath.Join(dir, fmt.Sprintf("%s-%d", id, i)), filepath.Join(kafka.logDir(), fmt.Sprintf("%s-%d", offsetsTopic, i)))
	}
	for _, name := range []string{"recovery-point-offset-checkpoint", "replication-offset-checkpoint", ".kafka_cleanshutdown"} {
		_ = os.Remove(filepath.Join(kafka.logDir(), name))
	}
	kafka.start()
	warmUp(t, kafka.endpoint)
	compareMoved(t, kafka.endpoint, groups)
}

const offsetsPartitions = 50

func newModelKafka(t *testing.T) *kafkaNode {
	t.Helper()
	return newKafka(t, "kafka", kafkaLibs(t), modelSettings+kafkaAtOnce)
}

// newWorlds makes the worlds of the scripts at a broker, with names that are the same everywhere.
func newWorlds(t *testing.T, b endpoint) (all []*world) {
	t.Helper()
	for _, seed := range migrateSeeds {
		sc := newScript(rand.New(rand.NewPCG(seed, 1)))
		w, err := newWorld(b, fmt.Sprintf("%smoved-%d-", namePrefix, seed), sc.kind)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.close)
		all = append(all, w)
	}
	return all
}

// liveGroups plays the scripts at a broker, and leaves what is then there.
func liveGroups(t *testing.T, b endpoint) []*world {
	t.Helper()
	all := newWorlds(t, b)
	var players sync.WaitGroup
	for i, w := range all {
		players.Go(func() {
			sc := newScript(rand.New(rand.NewPCG(migrateSeeds[i], 1)))
			sc.deathless = true
			for range 40 {
				for _, a := range sc.next(w, w) {
					w.perform(a)
				}
			}
			w.perform(sc.settle())
			w.heard = map[string]string{}
		})
	}
	players.Wait()
	for _, w := range all {
		w.before = w.look()
		if w.err != nil {
			t.Fatal(w.err)
		}
	}
	return all
}

// compareMoved compares what a broker says about the groups with what was said before they came there. Then their
// members go on.
func compareMoved(t *testing.T, b endpoint, groups []*world) {
	t.Helper()
	awaitLoaded(t, b)
	fields, members := 0, 0
	for _, w := range groups {
		w.move(t, b)
		after := w.look()
		if w.err != nil {
			t.Fatal(w.err)
		}
		fields += len(after)
		for _, a := range w.actors {
			if a.in {
				members++
			}
		}
		for _, d := range differing(w.before, after) {
			t.Errorf("%s (%s): %s\n\tbefore: %s\n\tafter:  %s", w.group, w.kind, d.path, d.want, d.got)
		}
		w.perform(action{"all go on", (*world).settle})
		w.heard = map[string]string{}
		for _, d := range differing(after, w.look()) {
			t.Errorf("%s (%s): %s\n\tmoved: %s\n\tafter its members went on: %s", w.group, w.kind, d.path, d.want, d.got)
		}
		if w.err != nil {
			t.Error(w.err)
		}
	}
	t.Logf("%d groups with %d members, %d fields compared", len(groups), members, fields)
	if members < len(groups) {
		t.Error("there were too few members to tell")
	}
}

// awaitLoaded waits until a broker has loaded all groups: until then it does not list them.
func awaitLoaded(t *testing.T, b endpoint) {
	t.Helper()
	w, err := dial(b.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer w.conn.Close()
	for deadline := time.Now().Add(time.Minute); ; pause() {
		resp, err := w.ask(&kmsg.ListGroupsRequest{Version: 4}, answerLimit)
		if err == nil && resp.(*kmsg.ListGroupsResponse).ErrorCode == 0 {
			return
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("%s does not list its groups: %v", b.name, err)
		}
	}
}

// move has the actors of a world talk to another broker.
func (w *world) move(t *testing.T, b endpoint) {
	t.Helper()
	w.close()
	for _, a := range w.actors {
		a.line, a.answer = nil, nil
	}
	w.broker = b
	w.normal.host, w.normal.port = b.host, b.port
	line, err := dial(b.addr())
	if err != nil {
		t.Fatal(err)
	}
	w.line = line
}

// segments copies the segments of a partition, in place of those that are there.
func segments(t *testing.T, from, to string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(to, "leader-epoch-checkpoint")); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"*.log", "*.index", "*.timeindex", "*.snapshot"} {
		old, _ := filepath.Glob(filepath.Join(to, pattern))
		for _, name := range old {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		t.Fatal(err)
	}
	logs, err := filepath.Glob(filepath.Join(from, "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range logs {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(name)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// topicIDs gives the ids of all topics of a broker as text.
func topicIDs(t *testing.T, b endpoint) map[string]string {
	t.Helper()
	w, err := dial(b.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer w.conn.Close()
	req := kmsg.NewPtrMetadataRequest()
	req.Version = 12
	resp, err := w.ask(req, answerLimit)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, topic := range resp.(*kmsg.MetadataResponse).Topics {
		ids[*topic.Topic] = base64.RawURLEncoding.EncodeToString(topic.TopicID[:])
	}
	return ids
}

// storeLike gives the metadata of a Weir that has the topics of the worlds, and the topic of groups, with the ids that
// they have at a broker.
func storeLike(t *testing.T, b endpoint, worlds []*world) *cluster.MemStore {
	t.Helper()
	store := cluster.NewMemStore()
	var own map[string]string
	t.Run("topics", func(t *testing.T) {
		weir := openWeir(t, t.TempDir(), store, modelSettings)
		warmUp(t, weir)
		newWorlds(t, weir)
		own = topicIDs(t, weir)
	})
	var pairs []string
	for name, id := range topicIDs(t, b) {
		if own[name] != "" {
			pairs = append(pairs, own[name], id)
		}
	}
	renamed, to := strings.NewReplacer(pairs...), cluster.NewMemStore()
	kvs, _, err := store.Range(t.Context(), "/")
	if err != nil {
		t.Fatal(err)
	}
	for _, kv := range kvs {
		op := cluster.Put(renamed.Replace(kv.Key), []byte(renamed.Replace(string(kv.Value))))
		if _, _, err := to.Txn(t.Context(), nil, []cluster.Op{op}); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// openWeir opens a broker in this process on a directory and with given metadata, until the test ends.
func openWeir(t *testing.T, dir string, store cluster.MetaStore, more string) endpoint {
	t.Helper()
	e := endpoint{name: "weir", host: "127.0.0.1", port: freePort(t)}
	b, err := broker.Open(context.Background(), broker.Config{Values: weirValues(t, e, dir, more), Store: store})
	if err != nil {
		t.Fatalf("open weir: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Errorf("close weir: %v", err)
		}
	})
	return e
}
