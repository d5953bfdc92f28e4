package groups

import (
	"strconv"
	"sync/atomic"

	"weir/coordinator"
	"weir/metadata"
)

// view is what groups know of the cluster: the newest image, and when topics last came. Whoever follows the
// metadata sets it, each event of a shard looks at it.
type view struct {
	now    atomic.Pointer[viewed]
	groups atomic.Int64 // of all shards: each shard adds and takes away its own
}

// viewed is one state of the view.
type viewed struct {
	image *metadata.Image
	// grown is the revision at which a topic came last: older answers to what a regular expression matches
	// may lack topics.
	grown int64
}

func newView() *view {
	v := &view{}
	v.now.Store(&viewed{image: metadata.Empty()})
	return v
}

// SetImage tells the groups of a newer state of the cluster. Members learn what follows from it with their
// next heartbeat. It must not be called by two goroutines at once.
func (s *Service) SetImage(image *metadata.Image) {
	old := s.view.now.Load()
	next := &viewed{image: image, grown: old.grown}
	if old.grown == 0 || grown(old.image, image) {
		next.grown = image.Revision
	}
	s.view.now.Store(next)
}

// grown tells whether an image has topics that the one before did not have.
func grown(old, image *metadata.Image) bool {
	before, after := old.Topics(), image.Topics()
	if len(before) == len(after) && (len(before) == 0 || &before[0] == &after[0]) {
		return false
	}
	for _, t := range after {
		if old.TopicByID(t.ID) == nil {
			return true
		}
	}
	return false
}

// image is the newest image.
func (m *machine) image() *metadata.Image { return m.view.now.Load().image }

// setting gives a group's own setting, within what the broker allows, or what the broker has.
func (m *machine) setting(groupID, name string, s Setting) int32 {
	text, set := m.image().GroupConfig(groupID)[name]
	if !set {
		return s.Default
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return s.Default // checked when it was stored
	}
	return min(max(int32(n), s.Min), s.Max)
}

// consumerSessionMs is how long a member may be silent, in milliseconds.
func (m *machine) consumerSessionMs(groupID string, member *consumerMember) int32 {
	if member.classic != nil {
		return member.classic.sessionTimeout
	}
	return m.setting(groupID, "consumer.session.timeout.ms", m.config.Consumer.SessionTimeoutMs)
}

// consumerHeartbeatMs is how often a member is told to send heartbeats, in milliseconds.
func (m *machine) consumerHeartbeatMs(groupID string) int32 {
	return m.setting(groupID, "consumer.heartbeat.interval.ms", m.config.Consumer.HeartbeatIntervalMs)
}

// beatAfterMs is when a member is to send its next heartbeat, in milliseconds. One that is to get more than it has is told
// to come sooner than the others: when the target may be computed, or soon, for others may give up what it waits for at any
// time. So a group settles without waiting for the heartbeats of those who have nothing to do. Of very many members fewer
// come at a time.
func (m *machine) beatAfterMs(tx *coordinator.Tx, groupID string, c *consumer, mem *consumerMember) int32 {
	usual, hurried := m.consumerHeartbeatMs(groupID), max(m.config.Consumer.HurriedIntervalMs, int32(c.members.len()/2))
	if m.config.Consumer.HurriedIntervalMs <= 0 {
		return usual
	}
	switch {
	case c.targetEpoch < c.epoch:
		due := c.targetMs + int64(m.assignmentIntervalMs(groupID)) - tx.Now.UnixMilli()
		return min(usual, max(int32(min(due, int64(usual))), 1))
	case mem.state == memberUnreleased:
		return min(usual, hurried)
	}
	return usual
}

// assignmentIntervalMs is how long at least one target stands before the next is computed, in milliseconds.
func (m *machine) assignmentIntervalMs(groupID string) int32 {
	return m.altered(groupID, "consumer.assignment.interval.ms", m.config.Consumer.AssignmentIntervalMs)
}

// shareAssignmentMs is assignmentIntervalMs for share groups.
func (m *machine) shareAssignmentMs(groupID string) int32 {
	return m.altered(groupID, "share.assignment.interval.ms", m.config.Share.AssignmentIntervalMs)
}

// altered is setting for one whose twin of the broker can be altered while it runs.
func (m *machine) altered(groupID, own string, s Setting) int32 {
	name, image := "group."+own, m.image()
	for _, broker := range []int32{metadata.DefaultBroker, image.BrokerID} {
		if n, err := strconv.ParseInt(image.BrokerConfig(broker)[name], 10, 32); err == nil {
			s.Default = int32(n)
		}
	}
	return m.setting(groupID, own, s)
}
