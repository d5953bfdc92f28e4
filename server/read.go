package server

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"time"
)

const (
	// minFrameBytes is the shortest frame that can hold a request header.
	minFrameBytes = 8
	// firstChunkBytes is charged and allocated before the first byte of a longer frame has arrived. Beyond
	// it, memory follows what has arrived: four times as much up to smallFrameBytes, then twice.
	firstChunkBytes = 64 << 10
	smallFrameBytes = 1 << 20
	// provenFrameBytes bounds the first chunk of a connection which has lately sent a frame as long that arrived whole:
	// one buffer and few reads, instead of one and a copy at every step.
	provenFrameBytes = 8 << 20
)

// readFrame reads the next frame. A length that is out of bounds ends the connection before anything is
// allocated, and a client that announces much and sends little is charged for what it sent.
func (c *conn) readFrame() (*frame, error) {
	length, err := c.readLength()
	if err != nil {
		return nil, err
	}
	deadline, err := c.frameDeadline(c.server.config.Clock.Now(), 0)
	if err != nil {
		return nil, err
	}
	f := &frame{buffers: &c.server.buffers, budget: c.server.budget}
	if err := c.fill(f, length, deadline); err != nil {
		f.Release()
		return nil, err
	}
	return f, nil
}

// readLength waits for the next frame's length. Silence is allowed for as long as answers are owed; when it has
// lasted for RestAfter, the connection gives up what it can do without until the next frame comes.
func (c *conn) readLength() (int, error) {
	patience := c.patience()
	resting := false
	for {
		wait := patience
		if !resting {
			wait = min(wait, c.server.config.RestAfter)
		}
		if err := c.raw.SetReadDeadline(c.server.config.Clock.Now().Add(wait)); err != nil {
			return 0, fmt.Errorf("set read deadline: %w", err)
		}
		if c.server.isDraining() { // drain may have come before the deadline above
			return 0, os.ErrDeadlineExceeded
		}
		head, err := c.peekLength()
		switch {
		case err == nil:
			_, _ = c.in.Discard(4) // just peeked: cannot fail
			return c.checkLength(head)
		case !errors.Is(err, os.ErrDeadlineExceeded) || c.server.isDraining():
			return 0, noLength(len(head), err)
		case c.owed.Load() > 0:
			patience, resting = c.patience(), false
		case patience > wait:
			patience, resting = patience-wait, true
			c.rest()
		default:
			return 0, noLength(len(head), err)
		}
	}
}

// patience is for how long the connection may be silent.
func (c *conn) patience() time.Duration {
	if !c.served {
		return c.server.config.HandshakeTimeout
	}
	return c.server.config.IdleTimeout
}

func (c *conn) checkLength(head []byte) (int, error) {
	length := int(int32(binary.BigEndian.Uint32(head)))
	if length < minFrameBytes || length > c.server.config.MaxRequestBytes {
		return 0, fmt.Errorf("%w: frame length %d is out of bounds [%d, %d]", errRefused, length,
			minFrameBytes, c.server.config.MaxRequestBytes)
	}
	return length, nil
}

// noLength is the error for a read that ended with have bytes of a length field; between frames the end is a
// clean one.
func noLength(have int, err error) error {
	if errors.Is(err, io.EOF) && have > 0 {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read frame length: %w", err)
}

// fill reads length bytes into f, charging the budget and growing the buffer as they arrive.
func (c *conn) fill(f *frame, length int, deadline time.Time) error {
	began := c.server.config.Clock.Now()
	for have := 0; have < length; {
		want := min(length, c.nextCapacity(have))
		if err := c.grow(f, have, want, deadline); err != nil {
			return err
		}
		n, err := io.ReadFull(c.in, f.bytes[have:want])
		have += n
		if err != nil {
			return fmt.Errorf("read frame of %d bytes, have %d: %w", length, have, noEOF(err))
		}
		if have == length {
			c.proven = max(length, c.proven-c.proven/8)
			return nil
		}
		if deadline, err = c.frameDeadline(began, have); err != nil {
			return err
		}
	}
	return nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// nextCapacity is how large the buffer of a long frame becomes when have bytes have arrived and filled it.
// The length that the client announces has no part in it.
func (c *conn) nextCapacity(have int) int {
	switch {
	case have == 0:
		proven := min(c.proven, provenFrameBytes)
		return max(firstChunkBytes, 1<<bits.Len(uint(max(proven-1, 0))))
	case have < smallFrameBytes:
		return 4 * have
	default:
		return 2 * have
	}
}

// grow gives f a buffer of length want that holds its first have bytes.
func (c *conn) grow(f *frame, have, want int, deadline time.Time) error {
	if !c.server.budget.acquire(&f.charge, int64(want-have), deadline, c.server.draining) {
		return fmt.Errorf("wait for request memory: %w", os.ErrDeadlineExceeded)
	}
	if cap(f.bytes) >= want {
		f.bytes = f.bytes[:want]
		return nil
	}
	larger := c.server.buffers.get(want)
	copy(larger, f.bytes[:have])
	if f.bytes != nil {
		c.server.buffers.put(f.bytes)
	}
	f.bytes = larger
	return nil
}

// frameDeadline sets and returns the time by which a frame that began to arrive at began, and of which have
// bytes are here, must go on. The first request's deadline is the handshake's.
func (c *conn) frameDeadline(began time.Time, have int) (time.Time, error) {
	limit := c.server.config.FrameTimeout
	if !c.served {
		limit = min(limit, c.server.config.HandshakeTimeout)
	}
	deadline := began.Add(limit + time.Duration(have/minFrameRate)*time.Second)
	if err := c.raw.SetReadDeadline(deadline); err != nil {
		return deadline, fmt.Errorf("set read deadline: %w", err)
	}
	if c.server.isDraining() {
		return deadline, os.ErrDeadlineExceeded
	}
	return deadline, nil
}
