package handlers

import (
	"container/list"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"weir/internal/clock"
	"weir/protocol"
)

// Fetch sessions (KIP-227): the broker remembers which partitions a client fetches, so that an incremental
// request names only what changed and its answer carries only partitions with something to tell.

const (
	// initialEpoch opens a session, finalEpoch closes one or fetches without (FetchMetadata.java).
	initialEpoch int32 = 0
	finalEpoch   int32 = -1
	// sessionStale is how long a session must be unused, or old, before another may take its place
	// (KafkaBroker.MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS).
	sessionStale = 2 * time.Minute
	// maxSessionPartitions bounds the partitions remembered by all sessions together. A client that does not
	// get a session fetches without one.
	maxSessionPartitions = 1 << 20
)

// fetchKey names a partition as the request does: by name up to v12, by topic id after.
type fetchKey struct {
	name  string
	id    [16]byte
	index int32
}

// sessionPartition is what a session remembers of one partition. The session's mutex guards it.
type sessionPartition struct {
	key           fetchKey
	want          protocol.FetchPartition
	highWatermark int64 // as last told to the client; -1 after an error
	logStart      int64 // as last told to the client
}

// fetchSession is one client's session.
type fetchSession struct {
	id           int32
	usesTopicIDs bool
	created      time.Time

	// The cache's mutex guards these three.
	epoch    int32 // the epoch that the next request must carry
	lastUsed time.Time
	size     int // partitions, as counted in the cache's total

	mu struct {
		sync.Mutex                            // may be taken under the cache's mutex, not the reverse
		order      *list.List                 // of *sessionPartition; those that got records move to the end
		partitions map[fetchKey]*list.Element // into order
	}
}

// sessionCache holds the sessions of all connections.
type sessionCache struct {
	clock clock.Clock
	slots int // max.incremental.fetch.session.cache.slots

	mu struct {
		sync.Mutex
		sessions   map[int32]*fetchSession
		partitions int // of all sessions
	}
}

func newSessionCache(slots int, clk clock.Clock) *sessionCache {
	s := &sessionCache{clock: clk, slots: slots}
	s.mu.sessions = make(map[int32]*fetchSession)
	return s
}

// fetchPart is one partition that a request, merged with its session, asks for.
type fetchPart struct {
	key  fetchKey
	want protocol.FetchPartition
}

// fetchPlan is what begin makes of a request.
type fetchPlan struct {
	session *fetchSession // the session of an incremental fetch, nil otherwise
	open    bool          // a full fetch that wants a session
	byID    bool
	parts   []fetchPart
}

// begin merges a request with its session. An error is one of the session's and answers the whole request.
func (s *sessionCache) begin(version int16, r *protocol.FetchRequest) (fetchPlan, error) {
	byID := version >= 13
	if r.SessionEpoch == initialEpoch || r.SessionEpoch == finalEpoch {
		s.remove(r.SessionID)
		return fetchPlan{open: r.SessionEpoch == initialEpoch, byID: byID, parts: requestParts(r, byID)}, nil
	}
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	session := s.mu.sessions[r.SessionID]
	switch {
	case session == nil:
		return fetchPlan{}, kerr.FetchSessionIDNotFound
	case session.epoch != r.SessionEpoch:
		return fetchPlan{}, kerr.InvalidFetchSessionEpoch
	case session.usesTopicIDs != byID:
		return fetchPlan{}, kerr.FetchSessionTopicIDError
	}
	parts := session.merge(r, byID)
	s.mu.partitions += len(parts) - session.size
	session.size = len(parts)
	if len(parts) == 0 {
		s.removeLocked(session)
		return fetchPlan{byID: byID}, nil
	}
	if s.mu.partitions > maxSessionPartitions { // it has grown too large: the client will ask for a new one
		s.removeLocked(session)
		return fetchPlan{}, kerr.FetchSessionIDNotFound
	}
	session.lastUsed = now
	if session.epoch++; session.epoch <= 0 {
		session.epoch = 1
	}
	return fetchPlan{session: session, byID: byID, parts: parts}, nil
}

// requestParts lists the partitions of a request. One named twice is fetched once, with the later parameters.
func requestParts(r *protocol.FetchRequest, byID bool) []fetchPart {
	n := 0
	for i := range r.Topics {
		n += len(r.Topics[i].Partitions)
	}
	parts := make([]fetchPart, 0, n)
	at := make(map[fetchKey]int, n)
	for i := range r.Topics {
		for _, want := range r.Topics[i].Partitions {
			key := keyOf(r.Topics[i].Name, r.Topics[i].ID, want.Index, byID)
			if j, twice := at[key]; twice {
				parts[j].want = want
				continue
			}
			at[key] = len(parts)
			parts = append(parts, fetchPart{key: key, want: want})
		}
	}
	return parts
}

func keyOf(name string, id [16]byte, index int32, byID bool) fetchKey {
	if byID {
		return fetchKey{id: id, index: index}
	}
	return fetchKey{name: name, index: index}
}

// merge updates the session by the request and lists all its partitions.
func (f *fetchSession) merge(r *protocol.FetchRequest, byID bool) []fetchPart {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range r.Topics {
		for _, want := range r.Topics[i].Partitions {
			key := keyOf(r.Topics[i].Name, r.Topics[i].ID, want.Index, byID)
			if e := f.mu.partitions[key]; e != nil {
				e.Value.(*sessionPartition).want = want
				continue
			}
			f.addLocked(&sessionPartition{key: key, want: want, highWatermark: -1, logStart: -1})
		}
	}
	for i := range r.ForgottenTopics {
		for _, index := range r.ForgottenTopics[i].Partitions {
			key := keyOf(r.ForgottenTopics[i].Name, r.ForgottenTopics[i].ID, index, byID)
			if e := f.mu.partitions[key]; e != nil {
				f.mu.order.Remove(e)
				delete(f.mu.partitions, key)
			}
		}
	}
	parts := make([]fetchPart, 0, f.mu.order.Len())
	for e := f.mu.order.Front(); e != nil; e = e.Next() {
		p := e.Value.(*sessionPartition)
		parts = append(parts, fetchPart{key: p.key, want: p.want})
	}
	return parts
}

func (f *fetchSession) addLocked(p *sessionPartition) {
	f.mu.partitions[p.key] = f.mu.order.PushBack(p)
}

// mustTell reports whether an incremental answer must carry the partition, and remembers what it tells.
func (f *fetchSession) mustTell(key fetchKey, r *protocol.FetchPartitionResponse) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.mu.partitions[key]
	if e == nil {
		return true // forgotten by a later request while this one was parked
	}
	p := e.Value.(*sessionPartition)
	tell := len(r.Records) > 0 || r.ErrorCode != 0 || r.Diverging != nil ||
		p.highWatermark != r.HighWatermark || p.logStart != r.LogStartOffset
	p.highWatermark, p.logStart = r.HighWatermark, r.LogStartOffset
	if r.ErrorCode != 0 {
		p.highWatermark = -1 // so that the end of the error is told
	}
	if len(r.Records) > 0 {
		f.mu.order.MoveToBack(e) // others come first next time
	}
	return tell
}

// open makes a session for a full fetch that has been answered so, and returns its id; 0 when there is no
// room.
func (s *sessionCache) open(byID bool, parts []fetchPart, told []protocol.FetchPartitionResponse) int32 {
	now := s.clock.Now()
	session := &fetchSession{usesTopicIDs: byID, created: now, lastUsed: now, epoch: 1, size: len(parts)}
	session.mu.order = list.New()
	session.mu.partitions = make(map[fetchKey]*list.Element, len(parts))
	for i, p := range parts {
		session.addLocked(&sessionPartition{
			key: p.key, want: p.want, highWatermark: told[i].HighWatermark, logStart: told[i].LogStartOffset,
		})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.mu.sessions) >= s.slots && !s.evictLocked(len(parts), now) {
		return 0
	}
	if s.mu.partitions+len(parts) > maxSessionPartitions {
		return 0
	}
	for session.id == 0 || s.mu.sessions[session.id] != nil {
		session.id = rand.Int32()
	}
	s.mu.sessions[session.id] = session
	s.mu.partitions += session.size
	return session.id
}

// evictLocked makes room for a session of size partitions: in place of the one unused for longest if that is
// stale, else of the smallest old one that is not larger (FetchSessionCacheShard.tryEvict).
func (s *sessionCache) evictLocked(size int, now time.Time) bool {
	var idle, small *fetchSession
	for _, f := range s.mu.sessions {
		if idle == nil || f.lastUsed.Before(idle.lastUsed) {
			idle = f
		}
		if now.Sub(f.created) > sessionStale && (small == nil || f.size < small.size) {
			small = f
		}
	}
	switch {
	case idle != nil && now.Sub(idle.lastUsed) > sessionStale:
		s.removeLocked(idle)
	case small != nil && small.size <= size:
		s.removeLocked(small)
	default:
		return false
	}
	return true
}

func (s *sessionCache) remove(id int32) {
	if id == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if session := s.mu.sessions[id]; session != nil {
		s.removeLocked(session)
	}
}

func (s *sessionCache) removeLocked(f *fetchSession) {
	delete(s.mu.sessions, f.id)
	s.mu.partitions -= f.size
}
