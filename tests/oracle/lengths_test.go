package oracle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// lies are written over the bytes of good requests: lengths and counts that there is nothing behind (B8).
var lies = []struct {
	name  string
	bytes []byte
}{
	{"2147483647", binary.BigEndian.AppendUint32(nil, 2147483647)},
	{"-2", binary.BigEndian.AppendUint32(nil, 0xfffffffe)},
	{"varint of 5 bytes", []byte{0xff, 0xff, 0xff, 0xff, 0x0f}},
	{"varint of 10 bytes", []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},
}

// lyingLengths writes a lie over several places of a full request of the key. Only whether the connection is
// closed is compared, because most places hold something else than a length, and then the request says what
// nobody means.
func lyingLengths(s *session, key int16) {
	if s.version != apis[key].min && s.version != apis[key].max {
		return
	}
	req := sample(s, key, s.version)
	whole, body := frame(req, 7), headerSize(req)
	for _, lie := range lies {
		for part := range 8 {
			at := body + (len(whole)-body)*part/8
			if at+len(lie.bytes) > len(whole) {
				continue
			}
			raw := slices.Clone(whole)
			copy(raw[at:], lie.bytes)
			s.open(fmt.Sprintf("%s at %d of %d", lie.name, at-body, len(whole)-body), raw)
			s.hangUp()
		}
	}
}

// open sends a frame and records whether the connection outlives it. A broker that answers nothing within a
// moment keeps it open: some of these requests ask it to wait.
func (s *session) open(label string, raw []byte) {
	w := s.line()
	err := w.send(raw)
	if err == nil {
		_, _, err = w.receive(5 * time.Second)
	}
	if errors.Is(err, errClosed) {
		s.note(label, "closed")
		return
	}
	s.note(label, "open")
}
