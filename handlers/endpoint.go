package handlers

import (
	"net"

	"weir/metadata"
)

// EndpointFor returns where the client on c reaches broker b: the broker's endpoint of the listener that c
// came in on. An endpoint without a host means that none was configured for a listener on all addresses; the
// client is then told the address that it connected to, which it evidently can reach. False when b does not
// have that listener.
func (h *Handlers) EndpointFor(c *Conn, b *metadata.Broker) (host string, port int32, ok bool) {
	e, ok := b.Endpoint(c.Listener)
	if !ok {
		return "", 0, false
	}
	if e.Host != "" {
		return e.Host, e.Port, true
	}
	local, _, err := net.SplitHostPort(c.Local.String())
	if err != nil {
		return "", 0, false
	}
	return local, e.Port, true
}

// leaderOf tells a client where a partition is led now (KIP-951): the ids, and the leader's address or nil.
func (h *Handlers) leaderOf(c *Conn, image *metadata.Image, p metadata.Partition) (leader leaderHint) {
	leader.id, leader.epoch = p.Leader, p.LeaderEpoch
	if b := image.Broker(p.Leader); b != nil {
		leader.rack = b.Rack
		leader.host, leader.port, leader.known = h.EndpointFor(c, b)
	}
	return leader
}

// leaderHint is what leaderOf finds.
type leaderHint struct {
	id, epoch  int32
	host, rack string
	port       int32
	known      bool // host and port are set
}
