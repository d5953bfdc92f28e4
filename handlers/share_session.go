package handlers

import (
	"container/list"
	"math"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"

	"weir/metadata"
)

// Share sessions (KIP-932): the broker remembers which partitions a member of a share group fetches. A session is of a group
// and a member, carries an epoch in every request, and ends with the connection on which it was opened. It grants nothing:
// what a member may have is known to room share alone (ShareSessionCache, SharePartitionManager.newContext).

// shareKey names a session.
type shareKey struct{ group, member string }

// sharePart is what a session remembers of one partition.
type sharePart struct {
	id    metadata.PartitionID
	known bool // the topic was there when the partition was added
	read  bool // the group reads it; the session's mutex guards it
	tell  bool // the next answer names it even if there is nothing new; the session's mutex guards it
}

// shareSession is one member's session.
type shareSession struct {
	key  shareKey
	conn int64 // the connection on which it was opened

	epoch int32 // the epoch that the next request must carry; the cache's mutex guards it

	mu struct {
		sync.Mutex                                        // may be taken under the cache's mutex, not the reverse
		order      *list.List                             // of *sharePart; those that got records move to the end
		parts      map[metadata.PartitionID]*list.Element // into order
	}
}

// shareSessions holds the sessions of all connections.
type shareSessions struct {
	most int // group.share.max.share.sessions

	mu struct {
		sync.Mutex
		sessions   map[shareKey]*shareSession
		opened     map[int64]map[*shareSession]struct{} // by connection
		partitions int                                  // of all sessions
	}
}

func newShareSessions(most int) *shareSessions {
	s := &shareSessions{most: most}
	s.mu.sessions = make(map[shareKey]*shareSession)
	s.mu.opened = make(map[int64]map[*shareSession]struct{})
	return s
}

// open makes a session in place of the member's former one, whose records stay acquired. The error is
// SHARE_SESSION_LIMIT_REACHED.
func (s *shareSessions) open(conn int64, key shareKey, parts []sharePart) (*shareSession, error) {
	session := &shareSession{key: key, conn: conn, epoch: 1}
	session.mu.order = list.New()
	session.mu.parts = make(map[metadata.PartitionID]*list.Element, len(parts))
	for _, p := range parts {
		session.addLocked(p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if former := s.mu.sessions[key]; former != nil {
		s.removeLocked(former)
	}
	if len(s.mu.sessions) >= s.most || s.mu.partitions+len(parts) > maxSessionPartitions {
		return nil, kerr.ShareSessionLimitReached
	}
	s.mu.sessions[key] = session
	s.mu.partitions += len(session.mu.parts)
	if s.mu.opened[conn] == nil {
		s.mu.opened[conn] = make(map[*shareSession]struct{})
	}
	s.mu.opened[conn][session] = struct{}{}
	return session, nil
}

// find returns a member's session whatever its epoch.
func (s *shareSessions) find(key shareKey) (*shareSession, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if session := s.mu.sessions[key]; session != nil {
		return session, nil
	}
	return nil, kerr.ShareSessionNotFound
}

// next returns the session of a request that carries the epoch which is due, changed as the request wants.
func (s *shareSessions) next(key shareKey, epoch int32, add []sharePart, forget []metadata.PartitionID,
) (*shareSession, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session := s.mu.sessions[key]
	switch {
	case session == nil:
		return nil, kerr.ShareSessionNotFound
	case session.epoch != epoch:
		return nil, kerr.InvalidShareSessionEpoch
	}
	s.mu.partitions += session.change(add, forget)
	if s.mu.partitions > maxSessionPartitions { // it has grown too large: the client will ask for a new one
		s.removeLocked(session)
		return nil, kerr.ShareSessionNotFound
	}
	if session.epoch == math.MaxInt32 {
		session.epoch = 0
	}
	session.epoch++
	return session, nil
}

// remove ends a session; false when it has ended before.
func (s *shareSessions) remove(session *shareSession) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.sessions[session.key] != session {
		return false
	}
	s.removeLocked(session)
	return true
}

// removeOf ends the sessions that were opened on a connection, and returns them.
func (s *shareSessions) removeOf(conn int64) (ended []*shareSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for session := range s.mu.opened[conn] {
		ended = append(ended, session)
	}
	for _, session := range ended {
		s.removeLocked(session)
	}
	return ended
}

func (s *shareSessions) removeLocked(session *shareSession) {
	delete(s.mu.sessions, session.key)
	s.mu.partitions -= session.size()
	delete(s.mu.opened[session.conn], session)
	if len(s.mu.opened[session.conn]) == 0 {
		delete(s.mu.opened, session.conn)
	}
}

func (s *shareSession) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.mu.parts)
}

// change adds and forgets partitions and returns by how many there are more now.
func (s *shareSession) change(add []sharePart, forget []metadata.PartitionID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.mu.parts)
	for _, p := range add {
		if s.mu.parts[p.id] == nil {
			p.tell = true
			s.addLocked(p)
		}
	}
	for _, id := range forget {
		if e := s.mu.parts[id]; e != nil {
			s.mu.order.Remove(e)
			delete(s.mu.parts, id)
		}
	}
	return len(s.mu.parts) - before
}

func (s *shareSession) addLocked(p sharePart) {
	if s.mu.parts[p.id] == nil {
		s.mu.parts[p.id] = s.mu.order.PushBack(&p)
	}
}

// partitions lists what the session has, in its order.
func (s *shareSession) partitions() []sharePart {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := make([]sharePart, 0, s.mu.order.Len())
	for e := s.mu.order.Front(); e != nil; e = e.Next() {
		parts = append(parts, *e.Value.(*sharePart))
	}
	return parts
}

// mustTell reports whether an answer must name a partition, and remembers that it does (CachedSharePartition).
func (s *shareSession) mustTell(id metadata.PartitionID, records, failed bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.mu.parts[id]
	if e == nil {
		return true // forgotten by a later request while this one was parked
	}
	p := e.Value.(*sharePart)
	tell := records || failed || p.tell
	p.tell = failed // so that the end of the error is told
	if records {
		s.mu.order.MoveToBack(e) // others come first next time
	}
	return tell
}

// rotated is parts with those in front that are due in an epoch (PartitionRotateStrategy).
func rotated(parts []sharePart, epoch int32) []sharePart {
	if len(parts) < 2 || epoch < 1 {
		return parts
	}
	at := int(epoch) % len(parts)
	return append(parts[at:len(parts):len(parts)], parts[:at]...)
}
