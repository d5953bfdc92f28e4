package admin

import (
	"context"
	"fmt"

	"weir/groups"
	"weir/metadata"
	"weir/partition"
	"weir/record"
	"weir/share"
)

// sentAgain is a message that was appended again.
type sentAgain struct {
	at     letterID
	result int // its place among the results
	index  int32
	ticket partition.Ticket
}

// appendAgain appends a dead letter's message.
func (r *redriving) appendAgain(rec *record.Record, l share.Letter, a *sentAgain) (err error) {
	to := r.to
	a.index = l.Partition
	switch n := len(to.Partitions); {
	case to.Name == r.of && int(l.Partition) < n:
	case rec.Key != nil:
		a.index = partitionOf(rec.Key, n)
	default:
		a.index = int32(r.door.turn.Add(1) % uint32(n))
	}
	batch := record.NewBuilder(record.Options{})
	batch.Append(r.door.Clock.Now().UnixMilli(), rec.Key, rec.Value,
		share.RedriveHeaders(rec.Headers, l.Redrives, r.topic.Name+":"+a.at.String())...)
	a.ticket, err = r.door.Handlers.Append(to, a.index, batch.Build().Raw)
	return err
}

// keep waits until what was sent again is durable, and has it count no more as dead letters.
func (r *redriving) keep(ctx context.Context) error {
	if len(r.waiting) == 0 {
		return nil
	}
	changed := make(map[int32]bool)
	for i := range r.waiting {
		a := &r.waiting[i]
		result := &r.out.Results[a.result]
		if err := a.ticket.Wait(ctx.Done()); err != nil {
			result.Error = r.door.problemOf(err)
			continue
		}
		result.Partition, result.Offset = &a.index, &a.ticket.BaseOffset
		r.done[a.at.partition].Add(a.at.offset, a.at.offset)
		changed[a.at.partition] = true
		r.out.Redriven++
	}
	topic := groups.CommitTopic{Name: r.topic.Name, ID: r.topic.ID}
	for index := range changed {
		text, err := r.done[index].Text()
		if err != nil {
			return fmt.Errorf("keep what was redriven: %w", err)
		}
		topic.Partitions = append(topic.Partitions, groups.CommitPartition{Index: index, Offset: r.done[index].Next, LeaderEpoch: -1, Metadata: &text})
	}
	err := r.hold.Commit(func(epoch int32) error { return r.commit(topic, epoch) })
	if err != nil {
		return fmt.Errorf("keep what was redriven: %w", lostHold(err))
	}
	if r.body.Keep {
		return nil
	}
	return r.clear(changed)
}

// commit keeps offsets as the member that has the hold.
func (r *redriving) commit(topic groups.CommitTopic, epoch int32) error {
	instance := share.RedriveInstance
	kept, err := r.door.Groups.CommitOffsets(groups.CommitRequest{GroupID: share.RedriveGroup(r.topic.Name), Generation: epoch,
		MemberID: r.door.holdMember(), InstanceID: &instance, KnowsEpochs: true, RetentionMs: -1,
		Topics: []groups.CommitTopic{topic}}).Result()
	if err != nil {
		return err
	}
	for _, p := range kept.Topics[0].Partitions {
		if p.Err != nil {
			return p.Err
		}
	}
	return nil
}

// clear deletes the dead letters of some partitions before which none is left.
func (r *redriving) clear(changed map[int32]bool) error {
	for index := range changed {
		p, err := r.door.Partitions.Get(metadata.PartitionID{Topic: r.topic.ID, Index: index})
		if err == nil && r.done[index].Next > p.StartOffset() {
			_, err = p.DeleteRecords(min(r.done[index].Next, p.HighWatermark()))
		}
		if err != nil {
			return fmt.Errorf("delete dead letters that were sent again: %w", err)
		}
	}
	return nil
}
