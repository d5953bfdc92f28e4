//go:build clients

package clients

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/tests/brokers"
)

// TestMigrationUnderLoad has a group of Java and librdkafka members change from the classic protocol to the consumer protocol
// and back, member by member, while records are written all the time; one member is killed on the way. No record is lost, and
// none comes again whose commit was acknowledged. The last part shows that the judge would see it.
func TestMigrationUnderLoad(t *testing.T) {
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			t.Parallel() // most of its time is waiting for heartbeats
			b := brokers.New(t, brokerKind, quickHeartbeats)
			m := newMigration(t, b)
			for i := range m.crew {
				m.join(i, "")
			}
			m.settle()
			for i := range m.crew {
				m.replace(i, "consumer")
			}
			m.kill(3)
			m.join(3, "consumer")
			m.settle()
			for i := range m.crew {
				m.replace(i, "")
			}
			m.stopLoad()
			m.catchUp()
			for _, w := range m.crew {
				w.do(request{Op: "leave"})
			}
			j := judge(m.events(), m.written())
			t.Logf("%v records, %d of them again because they were uncommitted", m.written(), j.uncommitted)
			for _, problem := range append(j.lost, j.repeated...) {
				t.Errorf("lost or repeated: %s", problem)
			}
			m.control(j)
		})
	}
}

// migrationPartitions is more than the members, so that there is something to move.
const migrationPartitions = 6

// migration is a group whose members are replaced one by one under load.
type migration struct {
	t       *testing.T
	broker  *brokers.Broker
	ref     *reference
	topic   string
	dir     string
	crew    []*worker
	diaries []string // of all members that there were
	stop    context.CancelFunc
	stopped chan struct{}
	failed  atomic.Pointer[error] // the load's
}

// worker is a client that is in the group, once and again.
type worker struct {
	*agent
	kind kind
}

func newMigration(t *testing.T, b *brokers.Broker) *migration {
	t.Helper()
	m := &migration{t: t, broker: b, ref: newReference(t, b.Addr), dir: t.TempDir(), stopped: make(chan struct{})}
	m.topic = m.ref.topic("migrating", migrationPartitions, nil)
	for _, name := range []string{"java", "confluent-kafka", "java", "confluent-kafka"} {
		k := kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })]
		m.crew = append(m.crew, &worker{k.agent(t, b.Addr), k})
	}
	ctx, cancel := context.WithCancel(t.Context())
	m.stop = cancel
	go m.load(ctx)
	return m
}

// load writes a record to each partition every few milliseconds until ctx ends.
func (m *migration) load(ctx context.Context) {
	defer close(m.stopped)
	pace := time.NewTicker(20 * time.Millisecond)
	defer pace.Stop()
	for i := 0; ; i++ {
		select {
		case <-pace.C:
		case <-ctx.Done():
			return
		}
		var records []*kgo.Record
		for p := range int32(migrationPartitions) {
			records = append(records, &kgo.Record{Topic: m.topic, Partition: p, Value: fmt.Appendf(nil, "%d", i)})
		}
		if err := m.ref.cl.ProduceSync(m.t.Context(), records...).FirstErr(); err != nil {
			m.failed.Store(&err)
			return
		}
	}
}

func (m *migration) stopLoad() {
	m.t.Helper()
	m.stop()
	<-m.stopped
	if err := m.failed.Load(); err != nil {
		m.t.Fatalf("the load: %v", *err)
	}
}

func (m *migration) join(i int, protocol string) {
	m.t.Helper()
	diary := filepath.Join(m.dir, fmt.Sprintf("%s-%d-%d", m.crew[i].kind.name, i, len(m.diaries)))
	m.diaries = append(m.diaries, diary)
	q := request{Op: "join", Topic: m.topic, Group: m.topic + ".members", Diary: diary, Protocol: protocol, SessionMs: sessionMs}
	if protocol == "" {
		q.Assignor = "range"
	}
	m.crew[i].do(q)
}

// replace has a member leave and come back by another protocol.
func (m *migration) replace(i int, protocol string) {
	m.t.Helper()
	m.crew[i].do(request{Op: "leave"})
	m.join(i, protocol)
	m.settle()
}

// kill ends a member without a word, with whatever it had not committed; its place is taken by a new process.
func (m *migration) kill(i int) {
	m.t.Helper()
	m.crew[i].agent.kill()
	m.crew[i].agent = m.crew[i].kind.agent(m.t, m.broker.Addr)
}

// settle waits until the members share the partitions, and have then read and committed what was written up to now.
func (m *migration) settle() {
	m.t.Helper()
	await(m.t, settle, "the members share all partitions", func() bool {
		var all []int32
		for _, w := range m.crew {
			owned := w.do(request{Op: "state"}).Assignment
			if len(owned) == 0 {
				return false
			}
			all = append(all, owned...)
		}
		slices.Sort(all)
		return slices.Equal(all, []int32{0, 1, 2, 3, 4, 5})
	})
	m.catchUp()
}

func (m *migration) catchUp() {
	m.t.Helper()
	ends := m.written()
	await(m.t, settle, fmt.Sprintf("the group has committed up to %v", ends), func() bool {
		got, err := m.ref.adm.FetchOffsets(m.t.Context(), m.topic+".members")
		for p, end := range ends {
			if o, ok := got.Lookup(m.topic, p); err != nil || !ok || o.At < end {
				return false
			}
		}
		return true
	})
}

// written is how many records each partition has.
func (m *migration) written() map[int32]int64 {
	m.t.Helper()
	listed, err := m.ref.adm.ListEndOffsets(m.t.Context(), m.topic)
	if err != nil {
		m.t.Fatal(err)
	}
	ends := map[int32]int64{}
	listed.Each(func(o kadm.ListedOffset) { ends[o.Partition] = o.Offset })
	return ends
}

func (m *migration) events() []event {
	m.t.Helper()
	var all []event
	for _, file := range m.diaries {
		all = append(all, readDiary(m.t, filepath.Base(file), file)...)
	}
	return all
}

// control moves the group's offsets behind the members' backs, by 3 back and by 5 forward, and one more member then has to
// make the judge find just those.
func (m *migration) control(before judged) {
	m.t.Helper()
	ends := m.written()
	var more []*kgo.Record
	for range 5 {
		more = append(more, &kgo.Record{Topic: m.topic, Partition: 1, Value: []byte("to be skipped")})
	}
	if err := m.ref.cl.ProduceSync(m.t.Context(), more...).FirstErr(); err != nil {
		m.t.Fatal(err)
	}
	moved := kadm.Offsets{}
	moved.AddOffset(m.topic, 0, ends[0]-3, -1)
	moved.AddOffset(m.topic, 1, ends[1]+5, -1)
	if err := m.ref.adm.CommitAllOffsets(m.t.Context(), m.topic+".members", moved); err != nil {
		m.t.Fatal(err)
	}
	m.join(1, "consumer")
	m.catchUp()
	m.crew[1].do(request{Op: "leave"})
	j := judge(m.events(), m.written())
	if lost, repeated := len(j.lost)-len(before.lost), len(j.repeated)-len(before.repeated); lost != 5 || repeated != 3 {
		m.t.Errorf("offsets were moved by 3 back and 5 forward, and the judge found %d repeated and %d lost", repeated, lost)
	}
}
