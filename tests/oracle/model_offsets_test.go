package oracle

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// commit commits for one partition of the first topic, as a member or, with id "", by hand.
func (w *world) commit(a *actor, version int16, id string, epoch, partition int32, offset int64) {
	topic := w.prefix + modelTopics[0]
	req := commitRequest(w.group, topic, partition, offset)
	req.Version, req.MemberID, req.Generation = version, id, epoch
	if a.instance != nil && id != "" && a.classic {
		req.Version = max(version, 7)
		req.InstanceID = a.instance
	}
	req.Topics[0].TopicID = w.ids[topic]
	meta := fmt.Sprintf("by %s", a.name)
	req.Topics[0].Partitions[0].Metadata, req.Topics[0].Partitions[0].LeaderEpoch = &meta, 0
	w.hear(a.name, w.ask(a.clientID(), req))
}

func (s *script) commit(a *actor, i int) []action {
	if !a.in || a.id == "" {
		return nil
	}
	version, partition, offset := int16(2+s.rng.IntN(9)), int32(s.rng.IntN(modelPartitions+1)), s.step
	by := int32([]int{0, 0, 0, 0, -1, 1}[s.rng.IntN(6)])
	if s.kind.loose() && by < 0 { // whether a member had the partition then is the assignor's choice
		by = 0
	}
	return act(fmt.Sprintf("%s commits %d for partition %d, epoch by %d (v%d, %s)", a.name, offset, partition, by, version,
		a.status()), func(w *world) {
		a := w.actors[i]
		w.commit(a, version, a.id, a.epoch+by, partition, offset)
	})
}

func (s *script) commitByHand(a *actor, i int) []action {
	version, partition, offset := int16(2+s.rng.IntN(9)), int32(s.rng.IntN(3)), s.step
	return act(fmt.Sprintf("a stranger commits %d (v%d)", offset, version), func(w *world) {
		w.commit(w.actors[i], version, "", -1, partition, offset)
	})
}

// askOffsets asks for offsets as a member.
func (s *script) askOffsets(a *actor, i int) []action {
	if !a.in || a.id == "" {
		return nil
	}
	version, by := int16(9+s.rng.IntN(2)), int32(s.rng.IntN(3)-1)
	return act(fmt.Sprintf("%s asks for offsets, epoch by %d (v%d, %s)", a.name, by, version, a.status()), func(w *world) {
		a := w.actors[i]
		topic := w.prefix + modelTopics[0]
		req := fetchOffsets(version, w.group, topic, w.ids[topic], 0, 1)
		req.Version, req.Groups[0].MemberID, req.Groups[0].MemberEpoch = version, &a.id, a.epoch+by
		w.hear(a.name, w.ask(a.clientID(), req))
	})
}

func (w *world) deleteGroup() {
	w.hear("admin", w.ask(clientID, &kmsg.DeleteGroupsRequest{Version: 2, Groups: []string{w.group}}))
}

func (s *script) deleteGroup(*actor, int) []action {
	return act("the group is deleted", (*world).deleteGroup)
}

func (s *script) deleteOffsets(*actor, int) []action {
	partition := int32(s.rng.IntN(3))
	return act(fmt.Sprintf("the offset of partition %d is deleted", partition), func(w *world) {
		req := kmsg.NewPtrOffsetDeleteRequest()
		req.Group = w.group
		req.Topics = []kmsg.OffsetDeleteRequestTopic{{Topic: w.prefix + modelTopics[0],
			Partitions: []kmsg.OffsetDeleteRequestTopicPartition{{Partition: partition}}}}
		w.hear("admin", w.ask(clientID, req))
	})
}

// strayHeartbeat comes in an epoch that is not the member's.
func (s *script) strayHeartbeat(a *actor, i int) []action {
	if !a.in || a.id == "" || !a.classic && a.epoch == 0 {
		return nil
	}
	by := int32([]int{-1, 1, 5}[s.rng.IntN(3)])
	whole := s.rng.IntN(2) == 0
	return s.calm(act(fmt.Sprintf("%s beats with its epoch by %d, whole: %t (%s)", a.name, by, whole, a.status()), func(w *world) {
		a := w.actors[i]
		switch {
		case a.classic:
			w.heartbeat(a, 4, a.id, a.epoch+by)
		case a.epoch+by > 0:
			w.beat(a, 1, a.epoch+by, whole)
		}
	}))
}

// straySync comes in a generation that is not the member's, or when none is asked for.
func (s *script) straySync(a *actor, i int) []action {
	if !a.in || !a.classic || a.id == "" || a.parked() || a.leader && a.phase == mustSync {
		return nil
	}
	by := int32(s.rng.IntN(2))
	return act(fmt.Sprintf("%s syncs with its generation by %d (%s)", a.name, by, a.status()), func(w *world) {
		w.sync(w.actors[i], 5, w.actors[i].epoch+by)
	})
}
