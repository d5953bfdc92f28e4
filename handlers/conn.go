package handlers

import (
	"net"
	"strings"

	"weir/protocol"
	"weir/txn"
)

// Conn is what the handlers know about the connection a request came in on. Only the connection's reader
// goroutine touches it, so no field needs a lock.
type Conn struct {
	ID       int64    // counts connections of this process in the order in which they were accepted
	Listener string   // name of the listener that accepted it, e.g. PLAINTEXT
	Local    net.Addr // our end: what an unconfigured advertised address is derived from
	Remote   net.Addr // the client's end

	// Principal is who the client is, in Kafka's form "Type:name"; "User:ANONYMOUS" on a listener without
	// authentication.
	Principal string

	// Software names the client, as it said itself in ApiVersions v3+ (KIP-511); empty before that.
	Software struct{ Name, Version string }

	handlers *Handlers // set when a share session was opened on it

	clientID string      // of its newest request
	speaker  *txn.Client // who is on the other end, as transactions are told
}

// End tells that the connection has ended, after its last reply was released: share sessions that were opened on it end
// too, and what their members hold is available again.
func (c *Conn) End() {
	if c.handlers != nil {
		c.handlers.endShareSessions(c.ID)
	}
}

// clientIDBytes is how much of a client id is kept to tell people who has a transaction.
const clientIDBytes = 255

// client is who is on the other end. All transactions of a connection share it.
func (c *Conn) client() *txn.Client {
	id := c.clientID[:min(len(c.clientID), clientIDBytes)]
	if c.speaker == nil || c.speaker.ID != strings.ToValidUTF8(id, "") {
		c.speaker = &txn.Client{ID: strings.ToValidUTF8(strings.Clone(id), ""), Host: clientHost(c)}
	}
	return c.speaker
}

// sender is the connection as the coordinator of transactions knows it.
func (c *Conn) sender(lane txn.Lane) txn.Sender { return txn.Sender{Conn: c.ID, Lane: lane} }

// Request is one frame as the connection's reader hands it in.
//
// Ownership: Body aliases a pooled buffer which the server takes back once the reply is released, or at once
// if there is no reply. A handler which is done with the bytes earlier calls Done; one which lets decoded
// values that alias the bytes live longer than the reply calls Detach first.
type Request struct {
	Header protocol.RequestHeader
	Body   []byte
	Frame  Frame // nil in tests: the body is then ordinary memory
}

// Frame is the pooled memory behind a request.
type Frame interface {
	// Release gives the memory back for reuse; nothing may look at Body afterwards. More than once is
	// harmless.
	Release()
	// Detach takes the memory out of reuse (the garbage collector gets it); Release then only ends the
	// accounting.
	Detach()
}

// Done gives the body's memory back before the reply is written.
func (r *Request) Done() {
	r.Body = nil
	if r.Frame != nil {
		r.Frame.Release()
	}
}

// Detach keeps the body's memory from being reused, for decoded values that alias it and outlive the reply.
func (r *Request) Detach() {
	if r.Frame != nil {
		r.Frame.Detach()
	}
}

// ClientID returns the client id of the header, empty when it was null.
func (r *Request) ClientID() string {
	if r.Header.ClientID == nil {
		return ""
	}
	return *r.Header.ClientID
}
