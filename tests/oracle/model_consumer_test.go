package oracle

import (
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// beat is a heartbeat of the consumer protocol. One with all of it tells what the member has taken and given up.
func (w *world) beat(a *actor, version int16, epoch int32, whole bool) *kmsg.ConsumerGroupHeartbeatResponse {
	req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	req.Version, req.Group, req.MemberID, req.MemberEpoch = version, w.group, a.id, epoch
	req.InstanceID = a.instance
	if epoch == 0 || whole {
		req.Topics = w.ownedBy(a)
	}
	if epoch == 0 {
		req.Topics = []kmsg.ConsumerGroupHeartbeatRequestTopic{}
		req.RebalanceTimeoutMillis = 300_000
		if name := w.kind.assignor(); name != "" {
			req.ServerAssignor = &name
		}
		for _, t := range a.topics {
			req.SubscribedTopicNames = append(req.SubscribedTopicNames, w.prefix+t)
		}
	}
	return w.told848(a, req)
}

// told848 sends a heartbeat and takes in what is answered.
func (w *world) told848(a *actor, req *kmsg.ConsumerGroupHeartbeatRequest) *kmsg.ConsumerGroupHeartbeatResponse {
	resp := w.ask(a.clientID(), req).(*kmsg.ConsumerGroupHeartbeatResponse)
	w.hear(a.name, resp)
	if resp.ErrorCode != 0 {
		if req.MemberID == a.id && req.MemberEpoch == a.epoch {
			w.refused(a, resp.ErrorCode)
		}
		return resp
	}
	if req.MemberID != a.id || req.MemberEpoch < 0 {
		return resp
	}
	a.epoch = resp.MemberEpoch
	if resp.Assignment != nil {
		a.owned = map[string][]int32{}
		for _, t := range resp.Assignment.Topics {
			a.owned[w.names[t.TopicID]] = slices.Clone(t.Partitions)
		}
	}
	return resp
}

func (w *world) ownedBy(a *actor) []kmsg.ConsumerGroupHeartbeatRequestTopic {
	owned := []kmsg.ConsumerGroupHeartbeatRequestTopic{}
	for _, topic := range slices.Sorted(keysOf(a.owned)) {
		t := kmsg.NewConsumerGroupHeartbeatRequestTopic()
		t.TopicID, t.Partitions = w.ids[topic], a.owned[topic]
		owned = append(owned, t)
	}
	return owned
}

// resubscribe has a member say what it reads now.
func (w *world) resubscribe(a *actor, version int16) {
	req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	req.Version, req.Group, req.MemberID, req.MemberEpoch, req.InstanceID = version, w.group, a.id, a.epoch, a.instance
	for _, t := range a.topics {
		req.SubscribedTopicNames = append(req.SubscribedTopicNames, w.prefix+t)
	}
	w.told848(a, req)
}

// depart takes a member of the consumer protocol out, for good or, if it is a static one, for a while.
func (w *world) depart(a *actor, version int16, forAWhile bool) {
	req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	req.Version, req.Group, req.MemberID, req.MemberEpoch, req.InstanceID = version, w.group, a.id, -1, a.instance
	if forAWhile {
		req.MemberEpoch = -2
	}
	w.told848(a, req)
	id := a.id
	a.quit()
	if forAWhile {
		a.away, a.id = true, id
	}
}

// die has a member fall silent: only this group's sessions are made short, and only while it is heard for the last
// time. It returns when the coordinator has put it out.
func (w *world) die(a *actor) {
	w.sessions(a, "consumer.session.timeout.ms=1500", "consumer.heartbeat.interval.ms=1000")
	for range 500 {
		if w.beat(a, 1, a.epoch, false).HeartbeatIntervalMillis == 1000 {
			break
		}
		pause()
	}
	w.beat(a, 1, a.epoch, false) // the one before may have been told the one setting and measured by the other
	w.heard = map[string]string{}
	w.sessions(a, "consumer.session.timeout.ms=300000", "consumer.heartbeat.interval.ms=5000")
	w.untilGone(a)
	a.quit()
}

func (w *world) sessions(a *actor, settings ...string) {
	req := alter(onGroup, w.group, opSet, settings...)
	req.Version = 1
	resp := w.ask(a.clientID(), req).(*kmsg.IncrementalAlterConfigsResponse)
	if code := resp.Resources[0].ErrorCode; code != 0 {
		panic(failure{fmt.Errorf("set sessions of %s: code %d", w.group, code)})
	}
}

// untilGone waits until the group does not list a member any more.
func (w *world) untilGone(a *actor) {
	for range 1000 {
		if !w.lists(a.id) {
			return
		}
		pause()
	}
	panic(failure{fmt.Errorf("%s (%s) stays in the group", a.name, a.id)})
}

func (w *world) lists(id string) bool {
	classic := w.ask(clientID, &kmsg.DescribeGroupsRequest{Version: 5, Groups: []string{w.group}}).(*kmsg.DescribeGroupsResponse)
	for _, m := range classic.Groups[0].Members {
		if m.MemberID == id {
			return true
		}
	}
	consumer := w.ask(clientID, &kmsg.ConsumerGroupDescribeRequest{Version: 1, Groups: []string{w.group}}).(*kmsg.ConsumerGroupDescribeResponse)
	for _, m := range consumer.Groups[0].Members {
		if m.MemberID == id {
			return true
		}
	}
	return false
}

// fade has a classic member join with a short session and fall silent, while the others go on.
func (w *world) fade(a *actor) {
	heard := w.heard
	w.heard = map[string]string{}
	defer func() { w.heard = heard }()
	began := map[*actor]int32{}
	for _, other := range w.actors {
		began[other] = other.epoch
	}
	a.sessionMs = 1500
	w.join(a, 4)
	for range 1000 {
		if !a.parked() {
			break
		}
		for _, other := range w.actors {
			// Who has its answer waits for the others': it would be chance whether its sync comes before them.
			if other != a && (other.phase != mustSync || other.epoch == began[other]) {
				w.progress(other, 4)
			}
		}
		w.barrier()
		w.collect()
	}
	a.in = false
	w.untilGone(a)
	a.quit()
}
