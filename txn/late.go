package txn

import "weir/coordinator"

// Lane is a purpose for which a client has one connection at a time to a broker.
type Lane int8

// The lanes: requests to the transaction's coordinator, commits of offsets to a group's, batches.
const (
	Coordination Lane = iota
	Offsets
	Batches
	lanes
)

// Sender is the connection on which a client of the first generation sent a request. Its producer keeps its epoch from
// one transaction to the next, so the epoch does not tell a request of an earlier one that was held up on its way
// (KAFKA-17754). The connection does: a client that waited in vain gives it up and speaks on a newer one.
type Sender struct {
	// Conn numbers connections in the order in which they were accepted; 0: it is not known, and nothing is late.
	Conn int64
	Lane Lane
}

// heard is on which connections a producer has spoken. It is in memory only: the connections end with the broker.
type heard struct {
	producer Producer
	newest   [lanes]int64
	// shared says of a lane that it has been seen on the coordination lane's connection: a newer one there has
	// replaced it here too.
	shared [lanes]bool
}

// late notes that the producer, which is the present one, has spoken on a connection, and tells whether it had spoken on a
// newer one before.
func (m *machine) late(t *transaction, p Producer, from Sender) bool {
	if from.Conn == 0 || mutantHearNothing {
		return false
	}
	l := m.liveOf(t.id)
	if l.heard == nil || l.heard.producer != p {
		l.heard = &heard{producer: p}
	}
	return l.heard.late(from)
}

func (h *heard) late(from Sender) bool {
	main, lane := &h.newest[Coordination], &h.newest[from.Lane]
	if from.Conn < *lane || h.shared[from.Lane] && from.Conn < *main {
		return true
	}
	*lane = from.Conn
	h.shared[from.Lane] = h.shared[from.Lane] || from.Conn == *main
	return false
}

// Hear tells with ErrLate whether a request of a producer comes on a connection that its client has given up, and notes
// the connection if not.
func (s *Service) Hear(id string, p Producer, from Sender) *coordinator.Future[struct{}] {
	return decide(s, id, func(m *machine, _ *coordinator.Tx) (struct{}, error) {
		if t := m.ids[id]; t.check(p) == nil && m.late(t, p, from) {
			return struct{}{}, ErrLate
		}
		return struct{}{}, nil // whether the producer may do so is for others to say
	})
}
