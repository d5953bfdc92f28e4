package oracle

import (
	"fmt"
	"maps"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// lockFor sets how long locks are from now on, and returns when that is in force.
func (w *shareWorld) lockFor(m *taker, ms int32) {
	w.configure(fmt.Sprintf("share.record.lock.duration.ms=%d", ms))
	heard := maps.Clone(w.heard)
	for still := 0; still < 2; { // the first may be told the one and measured by the other
		if w.acknowledge(m, [sharedPartitions][]ack{}, false, false).AcquisitionLockTimeoutMillis == ms {
			still++
		} else {
			pause()
		}
	}
	w.heard = heard
}

// expire has one member take records with short locks and keep them until these end, and then another take what there is.
func (w *shareWorld) expire(from, to *taker, x want) {
	_, before := w.lookOnce()
	w.lockFor(from, shortLockMs)
	held := from.held
	from.letGo()
	w.hear(from, w.fetch(from, x))
	taken := from.held
	from.held = held
	w.lockFor(from, longLockMs)
	for p := range taken {
		for o := range taken[p] {
			delete(from.held[p], o)
		}
	}
	w.handOver(taken, before, to)
}

// holding is what a member holds: deliveries by partition and offset.
type holding = [sharedPartitions]map[int64]int16

// handOver has a member take what there is until it has all that was let go, but for what was delivered too often; that the lag is to
// tell, which was told before.
func (w *shareWorld) handOver(taken holding, before int64, to *taker) {
	left, gone := map[string]bool{}, int64(0)
	for p := range taken {
		for o, count := range taken[p] {
			if int(count) >= w.limit {
				gone++
				continue
			}
			left[sharedValue(int32(p), o)] = true
		}
	}
	for deadline := time.Now().Add(answerLimit); ; pause() {
		if _, now := w.lookOnce(); now == before-gone {
			break
		}
		if time.Now().After(deadline) {
			panic(failure{fmt.Errorf("what was delivered too often is not given up: %d of lag %d", gone, before)})
		}
	}
	for quiet := false; len(left) > 0 || !quiet; {
		quiet = true
		for _, t := range w.fetch(to, want{reads: to.reads, records: 500, batch: 500}).Topics {
			for _, p := range t.Partitions {
				for _, a := range p.AcquiredRecords {
					quiet = false
					for o := a.FirstOffset; o <= a.LastOffset; o++ {
						delete(left, sharedValue(p.Partition, o))
					}
				}
			}
		}
	}
	for p := range to.held {
		w.heard[fmt.Sprintf("%s has then of %d", to.name, p)] = to.told(int32(p))
	}
}

// told is what the member holds of a partition.
func (m *taker) told(p int32) (text string) {
	for _, o := range m.holds(p) {
		text += fmt.Sprintf(" %d*%d", o, m.held[p][o])
	}
	return text
}

// closeTo ends a member's session, which lets go what it holds, and has another take it: Apache Kafka answers before it has let go.
func (w *shareWorld) closeTo(m, to *taker, byFetch bool) {
	_, lag := w.lookOnce()
	held := m.held
	w.close(m, [sharedPartitions][]ack{}, byFetch)
	w.handOver(held, lag, to)
}

// close ends a session by a fetch or by an acknowledgement.
func (w *shareWorld) close(m *taker, acks [sharedPartitions][]ack, byFetch bool) {
	if byFetch {
		w.hear(m, w.fetch(m, want{acks: acks, end: true}))
		return
	}
	w.acknowledge(m, acks, false, true)
}

// beat has a member say that it is there; with epoch 0 that it comes, -1 that it goes.
func (w *shareWorld) beat(m *taker, epoch int32) {
	req := shareBeat(w.group, m.name, epoch)
	if epoch == 0 {
		req.SubscribedTopicNames = []string{w.topic}
	}
	resp := w.s.must(req).(*kmsg.ShareGroupHeartbeatResponse)
	w.heard[m.name+" beats"] = fmt.Sprintf("code %d, epoch %d", resp.ErrorCode, resp.MemberEpoch)
	if resp.ErrorCode == 0 && epoch >= 0 {
		m.memberEpoch = resp.MemberEpoch
	}
}

// restarted takes in that the broker was started again: sessions are gone, and what was held is available. One member takes all of
// it, for Apache Kafka loads partitions when they are first asked for, and gives it back.
func (w *shareWorld) restarted() {
	w.hangUp()
	w.second = true
	for _, m := range w.takers {
		m.open, m.epoch = false, 0
		m.letGo()
	}
	_, lag := w.lookOnce()
	m := w.takers[0]
	for deadline := time.Now().Add(time.Minute); int64(len(m.held[0])+len(m.held[1])) < lag; {
		w.fetch(m, want{records: 500, batch: 500, both: true})
		if time.Now().After(deadline) {
			panic(failure{fmt.Errorf("%d and %d records come after the start, the lag is %d", len(m.held[0]), len(m.held[1]), lag)})
		}
	}
	for p := range sharedPartitions {
		w.heard[fmt.Sprintf("there again of %d", p)] = m.told(int32(p))
	}
	for p := range sharedPartitions { // who has it is drawn anew
		for len(m.held[p]) > 0 {
			var acks [sharedPartitions][]ack
			for _, o := range m.holds(int32(p)) {
				acks[p] = append(acks[p], ack{o, o, allOf(release)})
			}
			w.acknowledge(m, acks, false, false)
		}
	}
	if m.open {
		w.acknowledge(m, [sharedPartitions][]ack{}, false, true)
	}
}

func (w *shareWorld) hangUp() {
	w.s.hangUp()
	w.asking.hangUp()
}

// workOff has the first member take and accept until nothing is left.
func (w *shareWorld) workOff() {
	m, all := w.takers[0], [sharedPartitions]string{}
	for {
		w.fetch(m, want{records: 500, batch: 500, both: true})
		var acks [sharedPartitions][]ack
		for p := range acks {
			all[p] += m.told(int32(p))
			for _, o := range m.holds(int32(p)) {
				acks[p] = append(acks[p], ack{o, o, allOf(accept)})
			}
		}
		if len(acks[0])+len(acks[1]) == 0 {
			break
		}
		w.acknowledge(m, acks, false, false)
	}
	w.heard = map[string]string{}
	for p, text := range all {
		w.heard[fmt.Sprintf("worked off of %d", p)] = text
	}
}
