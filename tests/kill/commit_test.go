//go:build kill

package kill

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/tests/brokers"
	"weir/tests/checker"
)

// committer is a group member's commits and the committed offsets it was given.
type committer struct {
	*load
	process int
	group   string
}

// fetched is called with the committed offsets that a member is given when partitions are assigned to it.
func (m *committer) fetched(_ context.Context, _ *kgo.Client, resp *kmsg.OffsetFetchResponse) error {
	now := m.now()
	for _, g := range resp.Groups {
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				m.history.Add(checker.Op{Process: m.process, Kind: checker.Committed, Group: m.group, Began: now,
					Ended: now, Key: m.keyOf(t.Topic, t.TopicID, p.Partition), Offset: p.Offset, Outcome: outcome(p.ErrorCode)})
			}
		}
	}
	return nil
}

// keyOf is the key of a partition in a response, which names the topic or its id.
func (l *load) keyOf(topic string, id [16]byte, partition int32) string {
	if topic == "" {
		topic = l.ids[id]
	}
	return key(topic, partition)
}

func outcome(code int16) checker.Outcome {
	if code != 0 {
		return checker.Failed
	}
	return checker.OK
}

// commit commits the end of what was polled. A commit whose answer is lost may or may not have been done.
func (m *committer) commit(ctx context.Context, cl *kgo.Client, records []*kgo.Record) {
	ends := map[string]map[int32]kgo.EpochOffset{}
	for _, r := range records {
		if ends[r.Topic] == nil {
			ends[r.Topic] = map[int32]kgo.EpochOffset{}
		}
		ends[r.Topic][r.Partition] = kgo.EpochOffset{Epoch: r.LeaderEpoch, Offset: r.Offset + 1}
	}
	ops := map[string]*checker.Op{}
	for topic, offsets := range ends {
		for p, o := range offsets {
			ops[key(topic, p)] = &checker.Op{Process: m.process, Kind: checker.Commit, Outcome: checker.Unknown,
				Group: m.group, Key: key(topic, p), Offset: o.Offset, Began: m.now()}
		}
	}
	m.underWay.Add(1)
	defer m.underWay.Add(-1)
	cl.CommitOffsetsSync(ctx, ends, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse,
		err error) {
		if err != nil || resp == nil { // resp is nil when the member owns none of it any more
			return
		}
		for _, t := range resp.Topics {
			for _, p := range t.Partitions {
				if p.ErrorCode == 0 {
					ops[m.keyOf(t.Topic, t.TopicID, p.Partition)].Outcome = checker.OK
					m.commits.Add(1)
					m.byMembers.Add(1)
				}
			}
		}
	})
	for _, op := range ops {
		op.Ended = m.now()
		m.history.Add(*op)
	}
}

// commit raises one committed offset by hand, without members, and asks for it: by far the fastest way to
// have a commit under way when the broker dies.
func (l *load) commit(ctx context.Context, process int, group string) {
	cl := l.client(kgo.RequestRetries(0), kgo.RetryTimeout(time.Second))
	defer cl.Close()
	adm := kadm.NewClient(cl)
	at := key("fsynced", 0)
	for n := int64(1); ctx.Err() == nil; n++ {
		op := checker.Op{Process: process, Kind: checker.Commit, Group: group, Key: at, Offset: n, Began: l.now()}
		var offsets kadm.Offsets
		offsets.AddOffset("fsynced", 0, n, -1)
		l.underWay.Add(1)
		r, err := adm.CommitOffsets(ctx, group, offsets)
		l.underWay.Add(-1)
		switch {
		case errors.Join(err, r.Error()) == nil:
			l.commits.Add(1)
		default:
			op.Outcome = checker.Unknown
			time.Sleep(5 * time.Millisecond)
		}
		op.Ended = l.now()
		l.history.Add(op)
		l.ask(ctx, adm, process, group, at)
	}
}

// ask reads the offset that commit raises.
func (l *load) ask(ctx context.Context, adm *kadm.Client, process int, group, at string) {
	op := checker.Op{Process: process, Kind: checker.Committed, Group: group, Key: at, Offset: -1, Began: l.now()}
	got, err := adm.FetchOffsets(ctx, group)
	if err == nil {
		err = got.Error()
	}
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return
	}
	if o, ok := got.Lookup("fsynced", 0); ok {
		op.Offset = o.At
	}
	op.Ended = l.now()
	l.history.Add(op)
}

// commitGroups are those whose offsets are raised by hand; the other two have a member each.
var commitGroups = []string{"by hand", "by hand too", "by a third hand", "by a fourth"}

// TestKillCommits ends the broker while commits are under way, of members of both protocols and by hand: no committed
// offset that was acknowledged, or that anyone was told, goes back.
func TestKillCommits(t *testing.T) {
	b := brokers.Weir(t, nil)
	l := newLoad(t, b)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	l.createTopics(ctx)
	feeder := newLoad(t, b) // with a history of its own: what it sends is not this test's concern
	feeder.run(func() { feeder.produce(ctx, 0) })
	l.run(func() { l.member(ctx, 1, "classic members") })
	l.run(func() { l.member(ctx, 2, "consumer members", kgo.ServerSideBalancer()) })
	for i, group := range commitGroups {
		l.run(func() { l.commit(ctx, 3+i, group) })
	}
	asker := l.client()
	defer asker.Close()
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	met, rounds := 0, kills(t, 25)
	for range rounds {
		enough, byMembers := l.commits.Load()+20, l.byMembers.Load()+1
		l.await("commits go on", func() bool { return l.commits.Load() >= enough && l.byMembers.Load() >= byMembers })
		time.Sleep(time.Duration(rng.IntN(20_000)) * time.Microsecond) // the moment of the kill
		if l.underWay.Load() > 0 {
			met++
		}
		b.Kill()
		b.Start()
		l.askAll(ctx, kadm.NewClient(asker))
	}
	stop()
	l.done.Wait()
	feeder.done.Wait()
	l.askAll(t.Context(), kadm.NewClient(asker))
	report := checker.Check(l.history)
	t.Logf("%v\n%d kills, %d of them with commits under way; %d commits acknowledged, %d of them to members", report, rounds, met,
		l.commits.Load(), l.byMembers.Load())
	if !report.OK() {
		t.Error("the history is not sound")
	}
	if met < rounds/2 {
		t.Errorf("%d of %d kills met no commit", rounds-met, rounds)
	}
}

// askAll reads all that any group has committed.
func (l *load) askAll(ctx context.Context, adm *kadm.Client) {
	for _, group := range append([]string{"classic members", "consumer members"}, commitGroups...) {
		began := l.now()
		got, err := adm.FetchOffsets(ctx, group)
		if err != nil || got.Error() != nil {
			l.t.Errorf("ask for the offsets of %s: %v, %v", group, err, got.Error())
			continue
		}
		ended := l.now()
		for topic := range topics {
			for p := range int32(partitions) {
				op := checker.Op{Process: 99, Kind: checker.Committed, Group: group, Key: key(topic, p), Offset: -1, Began: began,
					Ended: ended}
				if o, ok := got.Lookup(topic, p); ok {
					op.Offset = o.At
				}
				l.history.Add(op)
			}
		}
	}
}
