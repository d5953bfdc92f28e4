package oracle

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// actor is one who is a member of the group again and again, a life at a time.
type actor struct {
	name     string
	life     int
	classic  bool // the protocol that it speaks in this life
	in       bool // it means to be a member
	away     bool // it is a static member that left for a while
	instance *string
	id       string // as member; "" before it has one
	old      string // the id before, of a static member that came back
	epoch    int32  // or generation
	leader   bool   // by its last join
	members  []kmsg.JoinGroupResponseMember
	protocol string // chosen, in the classic protocol

	topics    []string // that it reads, without the prefix
	protocols []string // that it offers
	sessionMs int32
	words     int // how often it has said something new about itself
	phase     phase

	owned map[string][]int32 // by topic, as it was last told

	line   *wire // for joins and syncs, which may be held back
	asked  kmsg.Request
	answer chan heldBack // of asked; nil if nothing is held back
}

// phase is how far a classic member has come in a generation.
type phase string

const (
	mustJoin phase = "must join"
	mustSync phase = "must sync"
	settled  phase = "settled"
)

// heldBack is an answer that may come late.
type heldBack struct {
	resp kmsg.Response
	err  error
}

// clientID is one of this life alone, so that members' ids begin with it and sort as the actors do.
func (a *actor) clientID() string { return fmt.Sprintf("%s-%d", a.name, a.life) }

func (a *actor) parked() bool { return a.answer != nil }

// status is what the script goes by.
func (a *actor) status() string {
	text := "out"
	if a.away {
		text = "away"
	}
	if a.in {
		text = "consumer, epoch " + fmt.Sprint(a.epoch)
		if a.classic {
			text = fmt.Sprintf("classic, %s, generation %d", a.phase, a.epoch)
		}
	}
	if a.parked() {
		text += ", waits for " + kmsg.NameForKey(a.asked.Key())
	}
	return text
}

// send sends a request whose answer may be held back, and returns when it has been seen.
func (w *world) send(a *actor, req kmsg.Request) {
	if a.line == nil {
		line, err := dial(w.broker.addr())
		if err != nil {
			panic(failure{err})
		}
		a.line = line
	}
	a.line.corr++
	f := kmsg.NewRequestFormatter(kmsg.FormatterClientID(a.clientID()))
	if err := a.line.send(f.AppendRequest(nil, req, a.line.corr)[4:]); err != nil {
		panic(failure{err})
	}
	answer, line := make(chan heldBack, 1), a.line
	a.asked, a.answer = req, answer
	go func() {
		resp, err := line.answer(req, longest)
		answer <- heldBack{resp, err}
	}()
	w.barrier()
	w.collect()
}

// longest is how long an answer may be held back: longer than any rebalance of the model.
const longest = 2 * answerLimit * 4

// collect takes in the answers that have come.
func (w *world) collect() {
	for _, a := range w.actors {
		if a.answer == nil {
			continue
		}
		select {
		case h := <-a.answer:
			a.answer = nil
			if h.err != nil {
				panic(failure{fmt.Errorf("%s of %s: %w", kmsg.NameForKey(a.asked.Key()), a.name, h.err)})
			}
			w.answered(a, h.resp)
		default:
		}
	}
}

// answered takes in an answer to a join or a sync.
func (w *world) answered(a *actor, resp kmsg.Response) {
	switch resp := resp.(type) {
	case *kmsg.JoinGroupResponse:
		w.joined(a, resp)
	case *kmsg.SyncGroupResponse:
		w.synced(a, resp)
	}
}

func (w *world) joined(a *actor, resp *kmsg.JoinGroupResponse) {
	plain := *resp
	w.named(a, resp.MemberID)
	a.leader = resp.ErrorCode == 0 && resp.LeaderID == resp.MemberID
	a.members = resp.Members
	// Who leads a group once its leader has left is a matter of chance at Apache Kafka.
	if plain.LeaderID != "" {
		plain.LeaderID = "somebody"
	}
	plain.Members = nil
	w.hear(a.name, &plain)
	if a.leader {
		for _, m := range resp.Members {
			w.heard["the leader sees "+w.normal.value("MemberID", reflect.ValueOf(m.MemberID))] =
				fmt.Sprintf("%q", w.said(m.ProtocolMetadata))
		}
	}
	switch resp.ErrorCode {
	case 0:
		a.id, a.epoch, a.phase = resp.MemberID, resp.Generation, mustSync
		if resp.Protocol != nil {
			a.protocol = *resp.Protocol
		}
	default:
		w.refused(a, resp.ErrorCode)
	}
}

// named remembers an id that has nothing of its client's name.
func (w *world) named(a *actor, id string) {
	if bareID.MatchString(id) {
		w.normal.made[id] = fmt.Sprintf("<id of %s>", a.clientID())
	}
}

func (w *world) synced(a *actor, resp *kmsg.SyncGroupResponse) {
	plain := *resp
	plain.MemberAssignment = []byte(w.told(resp.MemberAssignment))
	w.hear(a.name, &plain)
	if resp.ErrorCode != 0 {
		w.refused(a, resp.ErrorCode)
		return
	}
	a.phase, a.owned = settled, map[string][]int32{}
	var told kmsg.ConsumerMemberAssignment
	if told.ReadFrom(resp.MemberAssignment) == nil {
		for _, t := range told.Topics {
			a.owned[t.Topic] = t.Partitions
		}
	}
}

// refused is what a client makes of an error code.
func (w *world) refused(a *actor, code int16) {
	if a.classic {
		a.phase = mustJoin
		switch code {
		case 25: // UNKNOWN_MEMBER_ID
			a.id, a.owned = "", nil
		case 22: // ILLEGAL_GENERATION
			a.owned = nil
		case 23: // INCONSISTENT_GROUP_PROTOCOL: a client gives up
			if a.id == "" {
				a.quit()
				break
			}
			w.leave(a, 4, false)
		case 82: // FENCED_INSTANCE_ID
			a.quit()
		}
		return
	}
	switch code {
	case 25, 110, 69: // UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH, GROUP_ID_NOT_FOUND
		a.epoch, a.owned = 0, nil
	case 82:
		a.quit()
	}
}

// metadata is what a classic member says about itself. Members that rebalance cooperatively tell what they have.
func (w *world) metadata(a *actor, protocol string) []byte {
	if w.kind == connectGroup {
		return fmt.Appendf(nil, "worker %d %s", a.words, strings.Join(a.topics, " "))
	}
	m := kmsg.NewConsumerMemberMetadata()
	m.Version, m.Generation = 1, -1
	m.UserData = fmt.Appendf(nil, "%d", a.words)
	for _, t := range a.topics {
		m.Topics = append(m.Topics, w.prefix+t)
	}
	if protocol == cooperative {
		for _, t := range slices.Sorted(keysOf(a.owned)) {
			o := kmsg.NewConsumerMemberMetadataOwnedPartition()
			o.Topic, o.Partitions = t, a.owned[t]
			m.OwnedPartitions = append(m.OwnedPartitions, o)
		}
	}
	return m.AppendTo(nil)
}

func keysOf[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

const cooperative = "cooperative-sticky"

// assign is what the leader gives everyone: each topic's partitions in turns to those who read it.
func (w *world) assign(a *actor) []kmsg.SyncGroupRequestGroupAssignment {
	type reader struct {
		name string
		gets kmsg.ConsumerMemberAssignment
	}
	readers := map[string][]*reader{}
	var all []*reader
	ids := map[*reader]string{}
	for _, m := range a.members {
		r := &reader{name: uuidText.ReplaceAllString(m.MemberID, "")}
		var s kmsg.ConsumerMemberMetadata
		if s.ReadFrom(m.ProtocolMetadata) == nil {
			for _, t := range s.Topics {
				readers[t] = append(readers[t], r)
			}
		}
		ids[r], all = m.MemberID, append(all, r)
	}
	for _, topic := range slices.Sorted(keysOf(readers)) {
		list := readers[topic]
		slices.SortFunc(list, func(x, y *reader) int { return strings.Compare(x.name, y.name) })
		for i, r := range list {
			t := kmsg.NewConsumerMemberAssignmentTopic()
			t.Topic = topic
			for p := int32(i); p < modelPartitions; p += int32(len(list)) {
				t.Partitions = append(t.Partitions, p)
			}
			r.gets.Topics = append(r.gets.Topics, t)
		}
	}
	var out []kmsg.SyncGroupRequestGroupAssignment
	for _, r := range all {
		out = append(out, kmsg.SyncGroupRequestGroupAssignment{MemberID: ids[r], MemberAssignment: r.gets.AppendTo(nil)})
	}
	return out
}
