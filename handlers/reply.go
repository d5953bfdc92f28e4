package handlers

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/protocol"
	"weir/txn"
)

// Reply is an answer that may not be ready yet. The connection's writer takes replies in request order and
// calls Wait, Encode, Release on each, once, in that order; a reply that will not be written is only
// released.
type Reply interface {
	// Ready reports whether Wait would return at once; then it need not be called.
	Ready() bool
	// Wait returns when the answer is ready, or soon after stop is closed (the connection or the broker is
	// going away).
	Wait(stop <-chan struct{})
	// Encode appends the response body to dst (which already holds the response header) and returns the
	// message as parts, the first of which begins with what dst held.
	Encode(dst []byte) []protocol.Part
	// Release gives back what the reply holds: slices of files, waiters.
	Release()
}

// Answer is what a typed entry returns: a response that is there now, or one that will be.
type Answer struct {
	response kmsg.Response
	done     <-chan struct{}
	result   func() kmsg.Response
}

// Now is an answer that is ready.
func Now(response kmsg.Response) Answer { return Answer{response: response} }

// Never is no answer: the connection is closed instead, after what was asked before is answered.
func Never() Answer {
	return Answer{done: closed, result: func() kmsg.Response { return nil }}
}

var closed = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Later is an answer that is ready when done is closed; result is then called once, by the connection's
// writer. It is not called when the connection goes away first. If it gives nil, the answer is Never.
func Later(done <-chan struct{}, result func() kmsg.Response) Answer {
	return Answer{done: done, result: result}
}

// Parked is the part of a coordinator's future which LaterFuture needs.
type Parked[T any] interface {
	Done() <-chan struct{}
	Result() (T, error)
}

// LaterFuture is Later for a coordinator's future: respond turns its outcome into the response. A request that came late
// is never answered.
func LaterFuture[T any](f Parked[T], respond func(T, error) kmsg.Response) Answer {
	return Later(f.Done(), func() kmsg.Response {
		v, err := f.Result()
		if errors.Is(err, txn.ErrLate) {
			return nil
		}
		return respond(v, err)
	})
}

// message is the reply of every API whose response kmsg encodes.
type message struct {
	Answer
	version int16
	gone    bool // there is no answer: Never, or the connection went away before it was ready
}

func (m *message) Ready() bool {
	if m.response != nil || m.gone {
		return true
	}
	select {
	case <-m.done:
		m.take()
		return true
	default:
		return false
	}
}

func (m *message) Wait(stop <-chan struct{}) {
	if m.response != nil || m.gone {
		return
	}
	select {
	case <-m.done:
		m.take()
	case <-stop:
		m.gone = true
	}
}

func (m *message) take() {
	m.response = m.result()
	m.gone = m.response == nil
}

func (m *message) Encode(dst []byte) []protocol.Part {
	if m.gone {
		return nil
	}
	m.response.SetVersion(m.version)
	return []protocol.Part{{Bytes: m.response.AppendTo(dst)}}
}

func (m *message) Release() {}
