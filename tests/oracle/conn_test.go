package oracle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// clientID is sent with every request; member ids that a broker makes up begin with it.
const clientID = "asker"

// answerLimit is how long a broker may take for one answer before it counts as silent.
const answerLimit = 15 * time.Second

// errClosed and errSilent are the two ways of not answering.
var (
	errClosed = errors.New("connection closed")
	errSilent = errors.New("no answer")
)

// wire is one connection to a broker, without any of a client's retries or version negotiation.
type wire struct {
	conn net.Conn
	corr int32
}

// dial opens a connection to addr.
func dial(addr string) (*wire, error) {
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, fmt.Errorf("dial broker: %w", err)
	}
	return &wire{conn: conn}, nil
}

// frame is the request with its header, without the length in front.
func frame(req kmsg.Request, corr int32) []byte {
	f := kmsg.NewRequestFormatter(kmsg.FormatterClientID(clientID))
	return f.AppendRequest(nil, req, corr)[4:]
}

// send writes one frame with its length.
func (w *wire) send(frame []byte) error {
	out := binary.BigEndian.AppendUint32(make([]byte, 0, len(frame)+4), uint32(len(frame)))
	_, err := w.conn.Write(append(out, frame...))
	return asClosed(err)
}

// receive reads one answer and returns it behind its correlation id.
func (w *wire) receive(limit time.Duration) (corr int32, rest []byte, err error) {
	if err := w.conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return 0, nil, asClosed(err)
	}
	var head [8]byte
	if _, err := io.ReadFull(w.conn, head[:]); err != nil {
		return 0, nil, asClosed(err)
	}
	size := int32(binary.BigEndian.Uint32(head[:4]))
	if size < 4 || size > 64<<20 {
		return 0, nil, fmt.Errorf("answer of %d bytes", size)
	}
	rest = make([]byte, size-4)
	if _, err := io.ReadFull(w.conn, rest); err != nil {
		return 0, nil, asClosed(err)
	}
	return int32(binary.BigEndian.Uint32(head[4:])), rest, nil
}

// ask sends req and decodes its answer.
func (w *wire) ask(req kmsg.Request, limit time.Duration) (kmsg.Response, error) {
	w.corr++
	if err := w.send(frame(req, w.corr)); err != nil {
		return nil, err
	}
	return w.answer(req, limit)
}

// answer reads the answer of req, which must be the last one sent.
func (w *wire) answer(req kmsg.Request, limit time.Duration) (kmsg.Response, error) {
	corr, body, err := w.receive(limit)
	if err != nil {
		return nil, err
	}
	if corr != w.corr {
		return nil, fmt.Errorf("answer to %d, asked %d", corr, w.corr)
	}
	return decode(req, body)
}

// decode reads the body of an answer to req, whose response header may carry tags.
func decode(req kmsg.Request, body []byte) (kmsg.Response, error) {
	resp := req.ResponseKind()
	if resp.IsFlexible() && req.Key() != 18 {
		if len(body) == 0 || body[0] != 0 {
			return nil, fmt.Errorf("response header has tags: % x", body[:min(8, len(body))])
		}
		body = body[1:]
	}
	if err := resp.ReadFrom(body); err != nil {
		return nil, fmt.Errorf("decode %s v%d answer: %w", kmsg.NameForKey(req.Key()), req.GetVersion(), err)
	}
	if again := resp.AppendTo(nil); len(again) != len(body) {
		return nil, fmt.Errorf("decode %s v%d answer: %d bytes, encodes to %d",
			kmsg.NameForKey(req.Key()), req.GetVersion(), len(body), len(again))
	}
	return resp, nil
}

// asClosed turns the errors of a dead connection into errClosed and of an expired deadline into errSilent.
func asClosed(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSilent
	default:
		return errClosed
	}
}
