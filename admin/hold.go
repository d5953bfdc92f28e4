package admin

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"weir/coordinator"
	"weir/groups"
	"weir/metadata"
	"weir/share"
)

// holdMember is the member that redrives by this door. Its name outlives the process: what a broker had when it died it has again.
func (d *Door) holdMember() string { return "weir-http-" + strconv.Itoa(int(d.Handlers.BrokerID)) }

// hold takes the hold on a topic for dead letters. The caller is the only one of this door's who redrives, and leaves it.
func (d *Door) hold(ctx context.Context, over <-chan time.Time, topic string) (*share.Hold, error) {
	group := share.RedriveGroup(topic)
	if err := d.Handlers.EnsureGroups(ctx, group); err != nil {
		return nil, fmt.Errorf("redrive %s: %w", topic, errors.Join(err, coordinator.ErrNotAvailable))
	}
	instance := share.RedriveInstance
	beat := func(epoch int32) (int32, time.Duration, error) {
		r := groups.ConsumerHeartbeatRequest{GroupID: group, MemberID: d.holdMember(), Epoch: epoch, InstanceID: &instance,
			ClientID: "weir", RebalanceTimeoutMs: -1, RequireMemberID: true}
		if epoch == 0 {
			before := r
			before.Epoch = -1 // a life before this one, if it has the hold still
			_, _ = d.Groups.ConsumerHeartbeat(before).Result()
			r.RebalanceTimeoutMs, r.Topics, r.Owned = int32(time.Minute.Milliseconds()), []string{topic}, []metadata.PartitionID{}
		}
		a, err := d.Groups.ConsumerHeartbeat(r).Result()
		if errors.Is(err, groups.ErrUnreleasedInstance) {
			err = share.ErrHeld
		}
		return a.Epoch, time.Duration(a.HeartbeatIntervalMs) * time.Millisecond, lostHold(err)
	}
	return share.TakeHold(over, ctx.Done(), d.Clock, beat)
}

// lostHold is err, or share.ErrHoldLost where it tells that another may redrive.
func lostHold(err error) error {
	for _, lost := range []error{groups.ErrUnknownMember, groups.ErrFencedInstance, groups.ErrFencedMemberEpoch, groups.ErrStaleMemberEpoch} {
		if errors.Is(err, lost) {
			return fmt.Errorf("%w: %w", share.ErrHoldLost, err)
		}
	}
	return err
}
