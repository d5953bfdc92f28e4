package handlers

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"

	"weir/metadata"
	"weir/share"
)

// admit keeps from the fetch what the group does not read: only heartbeats of members and administrators make a group read a
// partition, so that no request of a stranger makes anything that is kept. A session asks once for each partition. It reports
// whether the group could be asked.
func (f *shareFetch) admit(stop <-chan struct{}) bool {
	unread := f.session.unread(f.fetch.Partitions)
	if len(unread) == 0 {
		return true
	}
	asked := f.h.Groups.SharePartitions(f.key.group)
	select {
	case <-asked.Done():
	case <-stop:
		return false
	}
	read, err := asked.Result()
	if code := f.h.code(err); code != 0 && code != kerr.GroupIDNotFound.Code {
		return false
	}
	refused := make(map[metadata.PartitionID]bool)
	for _, id := range unread {
		if !slices.Contains(read, id) {
			refused[id] = true
			f.failed = append(f.failed, share.Fetched{ID: id, Err: kerr.UnknownServerError}) // as Kafka
		}
	}
	f.session.reads(unread, refused)
	f.fetch.Partitions = slices.DeleteFunc(f.fetch.Partitions, func(id metadata.PartitionID) bool { return refused[id] })
	return true
}

// unread are those of some partitions of which it is not known that the group reads them.
func (s *shareSession) unread(ids []metadata.PartitionID) (unread []metadata.PartitionID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if e := s.mu.parts[id]; e != nil && !e.Value.(*sharePart).read {
			unread = append(unread, id)
		}
	}
	return unread
}

// reads notes that the group reads partitions, but for some.
func (s *shareSession) reads(ids []metadata.PartitionID, but map[metadata.PartitionID]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if e := s.mu.parts[id]; e != nil && !but[id] {
			e.Value.(*sharePart).read = true
		}
	}
}

// removeGroup ends the sessions of a group that is no more, or has forgotten what it had.
func (s *shareSessions) removeGroup(group string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, session := range s.mu.sessions {
		if key.group == group {
			s.removeLocked(session)
		}
	}
}
