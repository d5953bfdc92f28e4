package oracle

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// join has a classic member join as a client does: without an id it asks for one first, if its version has that.
func (w *world) join(a *actor, version int16) {
	if a.parked() {
		return
	}
	if a.instance != nil {
		version = max(version, 5)
	}
	req := w.joinRequest(a, version)
	if a.id == "" && a.instance == nil && version >= 4 {
		resp := w.ask(a.clientID(), req).(*kmsg.JoinGroupResponse)
		if resp.ErrorCode != 79 { // MEMBER_ID_REQUIRED
			w.joined(a, resp)
			return
		}
		w.named(a, resp.MemberID)
		w.hear(a.name+" with its new id", resp)
		req.MemberID = resp.MemberID
		a.id = resp.MemberID
	}
	w.send(a, req)
}

func (w *world) joinRequest(a *actor, version int16) *kmsg.JoinGroupRequest {
	req := kmsg.NewPtrJoinGroupRequest()
	req.Version, req.Group, req.MemberID, req.InstanceID = version, w.group, a.id, a.instance
	req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = a.sessionMs, 300_000
	req.ProtocolType = w.kind.protocolType()
	for _, p := range a.protocols {
		req.Protocols = append(req.Protocols, kmsg.JoinGroupRequestProtocol{Name: p, Metadata: w.metadata(a, p)})
	}
	return req
}

// sync asks for the assignment; the leader brings all of them.
func (w *world) sync(a *actor, version int16, generation int32) {
	if a.parked() {
		return
	}
	if a.instance != nil {
		version = max(version, 3)
	}
	req := kmsg.NewPtrSyncGroupRequest()
	req.Version, req.Group, req.MemberID, req.InstanceID = version, w.group, a.id, a.instance
	req.Generation = generation
	kind, protocol := w.kind.protocolType(), a.protocol
	req.ProtocolType, req.Protocol = &kind, &protocol
	if a.leader {
		req.GroupAssignment = w.assign(a)
	}
	w.send(a, req)
}

func (w *world) heartbeat(a *actor, version int16, id string, generation int32) {
	req := kmsg.NewPtrHeartbeatRequest()
	if a.instance != nil {
		version = max(version, 3)
	}
	req.Version, req.Group, req.MemberID, req.InstanceID, req.Generation = version, w.group, id, a.instance, generation
	resp := w.ask(a.clientID(), req).(*kmsg.HeartbeatResponse)
	w.hear(a.name, resp)
	if resp.ErrorCode != 0 && id == a.id && generation == a.epoch && !a.parked() {
		w.refused(a, resp.ErrorCode)
	}
}

// leave takes a member out by its id, by its instance, or by both.
func (w *world) leave(a *actor, version int16, byInstance bool) {
	w.forsake(a)
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Version, req.Group, req.MemberID = version, w.group, a.id
	m := kmsg.NewLeaveGroupRequestMember()
	m.MemberID = a.id
	if byInstance && a.instance != nil {
		req.Version = max(version, 3)
		m.MemberID, m.InstanceID = "", a.instance
	}
	req.Members = append(req.Members, m)
	resp := w.ask(a.clientID(), req).(*kmsg.LeaveGroupResponse)
	w.hear(a.name, resp)
	a.quit()
}

// forsake drops a sync that is held back. Apache Kafka never answers it once its member has left; Weir says
// UNKNOWN_MEMBER_ID (scenario "14/leaves while it waits").
func (w *world) forsake(a *actor) {
	if a.parked() && a.asked.Key() == int16(kmsg.SyncGroup) {
		a.line.conn.Close()
		a.line, a.answer = nil, nil
	}
}

// quit is the end of an actor's life in its own eyes.
func (a *actor) quit() {
	a.in, a.away, a.id, a.old, a.epoch, a.owned, a.leader, a.phase = false, false, "", "", 0, nil, false, mustJoin
}

// comeBack begins another life of a static member.
func (a *actor) comeBack() {
	a.life++
	a.quit()
	a.in = true
	if !a.classic {
		a.id = a.clientID() + "-m"
	}
}

// leaveAll takes all members out in one request, and one that never was.
func (w *world) leaveAll(version int16) {
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Version, req.Group = max(version, 3), w.group
	for _, a := range w.actors {
		if !a.in && !a.away || a.id == "" {
			continue
		}
		w.forsake(a)
		m := kmsg.NewLeaveGroupRequestMember()
		m.MemberID, m.InstanceID = a.id, a.instance
		req.Members = append(req.Members, m)
		a.quit()
	}
	m := kmsg.NewLeaveGroupRequestMember()
	m.MemberID = "nobody"
	req.Members = append(req.Members, m)
	w.hear("all", w.ask(clientID, req))
}

// progress does what a client would do next.
func (w *world) progress(a *actor, version int16) {
	switch {
	case !a.in || a.parked():
	case !a.classic:
		w.beat(a, min(version, 1), a.epoch, true)
	case a.phase == mustJoin:
		w.join(a, version)
	case a.phase == mustSync:
		w.sync(a, min(version, 5), a.epoch)
	default:
		w.heartbeat(a, min(version, 4), a.id, a.epoch)
	}
}

// settle has everyone go on until the group is at rest. Only the end is compared: how often one must ask is a matter
// of time.
func (w *world) settle() {
	heard := w.heard
	defer func() { w.heard = heard }()
	for _, a := range w.actors {
		if a.away {
			a.comeBack()
		}
	}
	var last []map[string]string
	for range 400 {
		rest := true
		last = nil
		for _, a := range w.actors {
			w.heard = map[string]string{}
			last = append(last, w.heard)
			before := a.status()
			told := fmt.Sprint(a.owned)
			w.progress(a, 4)
			rest = rest && a.status() == before && told == fmt.Sprint(a.owned) && (!a.in || !a.classic || a.phase == settled) && !a.parked()
		}
		w.collect()
		if rest && w.atRest() {
			return
		}
		if !rest {
			w.barrier()
		}
	}
	panic(failure{fmt.Errorf("group %s does not come to rest: %s; last heard: %v", w.group, w.statuses(), last)})
}

func (w *world) statuses() (all []string) {
	for _, a := range w.actors {
		all = append(all, a.name+" "+a.status())
	}
	return all
}

// atRest tells whether nothing is under way in the group.
func (w *world) atRest() bool {
	resp := w.ask(clientID, &kmsg.ListGroupsRequest{Version: 5}).(*kmsg.ListGroupsResponse)
	for _, g := range resp.Groups {
		if g.Group == w.group {
			return g.GroupState == "Stable" || g.GroupState == "Empty"
		}
	}
	return true
}
