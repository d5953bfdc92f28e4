package groups

import (
	"log/slog"

	"weir/coordinator"
	"weir/metadata"
)

// machine is the state of one shard. Only the shard's goroutine touches it.
type machine struct {
	config *Config
	logger *slog.Logger
	newID  func() string // a fresh, unguessable suffix for member ids
	groups map[string]*group
	expiry *coordinator.Timer
	view   *view // what the groups know of the cluster

	pending pending // offsets of open transactions

	hashed *metadata.Image            // of which hashes are kept
	hashes map[*metadata.Topic]uint64 // of topics that groups read
}

// group is one group: what it has committed, and its members by the protocol that it uses.
//
// Committed offsets are the group's, not the kind's, so that they stay when the kind changes.
type group struct {
	id      string
	offsets committed // changed by apply alone

	kind
}

// kind is what a group is: one of these is not nil.
type kind struct {
	classic  *classic
	consumer *consumer
	streams  *streams
	share    *shareGroup
}

// offset is one committed offset.
type offset struct {
	partition   int32
	leaderEpoch int32 // -1 if unknown
	offset      int64
	metadata    string
	committedMs int64
	expireMs    int64 // -1: by the retention of the broker
	topicID     [16]byte
}

func newMachine(c *Config, newID func() string, v *view, lg *slog.Logger) *machine {
	m := &machine{config: c, logger: lg, newID: newID, groups: make(map[string]*group), view: v,
		pending: newPending()}
	m.expiry = coordinator.NewTimer("", m.expire)
	return m
}

// checkRoom tells whether there may be one more group.
func (m *machine) checkRoom() error {
	if most := m.config.MaxGroups; most > 0 && m.view.groups.Load() >= int64(most) {
		return refuse(ErrTooManyGroups, "There are %d groups, as many as weir.groups.max allows.", most)
	}
	return nil
}

func newGroup(id string) *group {
	return &group{id: id, kind: kind{classic: newClassic()}}
}

// classic is the side of a group that follows the classic protocol.
//
// A record says how the group was when its last generation became stable or empty; events change the group
// from there on. A restart takes the group back to the record, and its members find their way by the
// protocol.
type classic struct {
	state    State
	previous State // the state before, StateDead at first
	sinceMs  int64 // when the state was entered; -1 if not known

	generation   int32
	protocolType string  // "" for groups that never had members
	protocol     *string // the protocol that the generation chose; nil while empty
	leader       string  // a member id, "" if there are no members

	members   map[string]*member
	joined    uint64            // counts members that were added, for their order
	static    map[string]string // instance id to member id
	supported map[string]int    // how many members offer a protocol
	metadata  int               // bytes of all members' protocols

	pendingJoin  map[string]*coordinator.Timer // member ids given out and not yet used, with their expiry
	awaitingJoin int                           // members with a parked join
	pendingSync  map[string]struct{}           // members that have not asked for their assignment yet
	newMember    bool                          // one came during the initial rebalance

	subscribed map[string]struct{} // topics that members read; nil if not known

	joinTimer *coordinator.Timer // ends waiting for joins; nil until first used
	syncTimer *coordinator.Timer // ends waiting for syncs; nil until first used
}

func newClassic() *classic {
	return &classic{
		state: StateEmpty, previous: StateDead, sinceMs: -1,
		members: make(map[string]*member), static: make(map[string]string), supported: make(map[string]int),
		pendingJoin: make(map[string]*coordinator.Timer), pendingSync: make(map[string]struct{}),
	}
}

// member is one member of a classic group.
type member struct {
	id               string
	instanceID       *string
	clientID         string
	clientHost       string
	rebalanceTimeout int32 // milliseconds
	sessionTimeout   int32 // milliseconds
	protocols        []Protocol
	assignment       []byte

	order uint64 // of joining
	isNew bool   // has not been answered its first join
	join  *coordinator.Future[JoinResponse]
	sync  *coordinator.Future[SyncResponse]
	// session ends the member unless it is armed again in time.
	session *coordinator.Timer
}

// transition moves the group to another state.
func (c *classic) transition(tx *coordinator.Tx, to State) {
	c.previous, c.state, c.sinceMs = c.state, to, tx.Now.UnixMilli()
}

// usesConsumerProtocol tells whether members' metadata is that of consumers, so that it can be understood.
func (c *classic) usesConsumerProtocol() bool { return c.protocolType == consumerProtocolType }

// subscribedTo tells whether the group may be reading a topic: yes, if its members are consumers and cannot
// be understood.
func (c *classic) subscribedTo(topic string) bool {
	if c.subscribed == nil {
		return c.usesConsumerProtocol()
	}
	_, ok := c.subscribed[topic]
	return ok
}
