//go:build kill

package kill

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/tests/checker"
)

// committer is a group member's commits and the committed offsets it was given.
type committer struct {
	*load
	process int
}

// fetched is called with the committed offsets that a member is given when partitions are assigned to it.
func (m *committer) fetched(_ context.Context, _ *kgo.Client, resp *kmsg.OffsetFetchResponse) error {
	now := m.now()
	for _, g := range resp.Groups {
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				m.history.Add(checker.Op{Process: m.process, Kind: checker.Committed, Group: "members", Began: now,
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
				Group: "members", Key: key(topic, p), Offset: o.Offset, Began: m.now()}
		}
	}
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
func (l *load) commit(ctx context.Context, process int) {
	cl := l.client(kgo.RequestRetries(0), kgo.RetryTimeout(time.Second))
	defer cl.Close()
	adm := kadm.NewClient(cl)
	at := key("fsynced", 0)
	for n := int64(1); ctx.Err() == nil; n++ {
		op := checker.Op{Process: process, Kind: checker.Commit, Group: "by hand", Key: at, Offset: n, Began: l.now()}
		var offsets kadm.Offsets
		offsets.AddOffset("fsynced", 0, n, -1)
		r, err := adm.CommitOffsets(ctx, "by hand", offsets)
		switch {
		case errors.Join(err, r.Error()) == nil:
			l.commits.Add(1)
		default:
			op.Outcome = checker.Unknown
			time.Sleep(5 * time.Millisecond)
		}
		op.Ended = l.now()
		l.history.Add(op)
		l.ask(ctx, adm, process, at)
	}
}

// ask reads the offset that commit raises.
func (l *load) ask(ctx context.Context, adm *kadm.Client, process int, at string) {
	op := checker.Op{Process: process, Kind: checker.Committed, Group: "by hand", Key: at, Offset: -1, Began: l.now()}
	got, err := adm.FetchOffsets(ctx, "by hand")
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
