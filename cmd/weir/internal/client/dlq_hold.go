package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/internal/clock"
	"weir/share"
)

// redriver is who redrives a topic: the member of the topic's group that has the hold. It is a client of its own, so that what is sent does
// not hold its heartbeats up.
type redriver struct {
	*options
	cl     *kgo.Client
	topic  kadm.TopicDetail
	member string
	hold   *share.Hold
}

// holding waits for the hold on a topic's dead letters and runs f under it.
func (r *redrive) holding(ctx context.Context, topic string, f func(m *redriver) error) (err error) {
	m := &redriver{options: r.options, member: "weir-dlq-" + rand.Text()}
	if m.cl, err = r.dial(); err != nil {
		return err
	}
	defer m.cl.Close()
	if m.topic, err = m.find(ctx, topic); err != nil {
		return err
	}
	over := time.NewTimer(r.wait)
	defer over.Stop()
	m.hold, err = share.TakeHold(over.C, ctx.Done(), clock.Real(), m.beat)
	if err != nil {
		return fmt.Errorf("redrive %s: %w", topic, err)
	}
	defer func() { err = errors.Join(err, m.hold.Leave()) }()
	return f(m)
}

func (m *redriver) find(ctx context.Context, topic string) (kadm.TopicDetail, error) {
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	found, err := kadm.NewClient(m.cl).ListTopics(ctx, topic)
	if err != nil {
		return kadm.TopicDetail{}, fmt.Errorf("find topic %s: %w", topic, err)
	}
	switch t := found[topic]; {
	case errors.Is(t.Err, kerr.UnknownTopicOrPartition):
		return t, notFoundf("topic %q does not exist", topic)
	case t.Err != nil:
		return t, fmt.Errorf("find topic %s: %w", topic, t.Err)
	default:
		return t, nil
	}
}

// beat implements share.Heartbeat.
func (m *redriver) beat(epoch int32) (int32, time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), m.timeout)
	defer cancel()
	req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	req.Group, req.MemberID, req.MemberEpoch = share.RedriveGroup(m.topic.Topic), m.member, epoch
	req.InstanceID, req.RebalanceTimeoutMillis = kmsg.StringPtr(share.RedriveInstance), -1
	if epoch == 0 {
		req.RebalanceTimeoutMillis, req.SubscribedTopicNames = int32(time.Minute.Milliseconds()), []string{m.topic.Topic}
		req.Topics = []kmsg.ConsumerGroupHeartbeatRequestTopic{}
	}
	var resp *kmsg.ConsumerGroupHeartbeatResponse
	err := patiently(ctx, func() (err error) {
		if resp, err = req.RequestWith(ctx, m.cl); err != nil {
			return err
		}
		return kerr.ErrorForCode(resp.ErrorCode)
	})
	if resp == nil {
		return 0, 0, err
	}
	if errors.Is(err, kerr.UnreleasedInstanceID) {
		err = share.ErrHeld
	}
	return resp.MemberEpoch, time.Duration(resp.HeartbeatIntervalMillis) * time.Millisecond, lostHold(err)
}

// patiently tries again while the group's coordinator is only about to be there, as it is when its topic has just been made.
func patiently(ctx context.Context, try func() error) error {
	for {
		err := try()
		if !errors.Is(err, kerr.NotCoordinator) && !errors.Is(err, kerr.CoordinatorNotAvailable) && !errors.Is(err, kerr.CoordinatorLoadInProgress) {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// lostHold is err, or share.ErrHoldLost where it tells that another may redrive.
func lostHold(err error) error {
	for _, lost := range []error{kerr.UnknownMemberID, kerr.FencedInstanceID, kerr.FencedMemberEpoch, kerr.StaleMemberEpoch} {
		if errors.Is(err, lost) {
			return fmt.Errorf("%w: %w", share.ErrHoldLost, err)
		}
	}
	return err
}

// commit keeps how far the topic is redriven.
func (m *redriver) commit(d *letters) error {
	t := kmsg.NewOffsetCommitRequestTopic()
	t.Topic, t.TopicID = m.topic.Topic, m.topic.ID
	for index, p := range d.parts {
		text, err := p.done.Text()
		if err != nil {
			return err
		}
		x := kmsg.NewOffsetCommitRequestTopicPartition()
		x.Partition, x.Offset, x.LeaderEpoch, x.Metadata = index, p.done.Next, -1, &text
		t.Partitions = append(t.Partitions, x)
	}
	err := m.hold.Commit(func(epoch int32) error {
		ctx, cancel := context.WithTimeout(context.Background(), m.timeout)
		defer cancel()
		req := kmsg.NewPtrOffsetCommitRequest()
		req.Group, req.Generation, req.MemberID = share.RedriveGroup(m.topic.Topic), epoch, m.member
		req.InstanceID, req.Topics = kmsg.StringPtr(share.RedriveInstance), append(req.Topics, t)
		return lostHold(patiently(ctx, func() error {
			resp, err := req.RequestWith(ctx, m.cl)
			if err != nil {
				return err
			}
			for _, t := range resp.Topics {
				for _, p := range t.Partitions {
					err = errors.Join(err, kerr.ErrorForCode(p.ErrorCode))
				}
			}
			return err
		}))
	})
	if err != nil {
		return fmt.Errorf("keep what was redriven: %w", err)
	}
	return nil
}
