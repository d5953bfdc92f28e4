package protocol

import (
	"encoding/binary"
	"fmt"
)

// RequestHeader is what precedes every request body (RequestHeader.json v1
// and v2).
type RequestHeader struct {
	Key, Version  int16
	CorrelationID int32
	ClientID      *string // nil when the client sent null
}

// keyApiVersions is the one API whose response header never is flexible, so
// that a client can read the answer whatever version it asked in (KIP-511).
const keyApiVersions = 18

// ParseRequestHeader splits a frame (without its length prefix) into header
// and body. The body aliases frame; the client id is a copy.
//
// The error is ErrUnknownKey or ErrMalformed, and the connection is to be
// closed. A version that the API does not have is not an error here: the
// server may have to answer it (ApiVersions), and [Check] refuses it.
func ParseRequestHeader(frame []byte) (RequestHeader, []byte, error) {
	if len(frame) < 10 {
		return RequestHeader{}, nil, fmt.Errorf("parse request header: %d bytes: %w", len(frame), ErrMalformed)
	}
	h := RequestHeader{
		Key:           int16(binary.BigEndian.Uint16(frame)),
		Version:       int16(binary.BigEndian.Uint16(frame[2:])),
		CorrelationID: int32(binary.BigEndian.Uint32(frame[4:])),
	}
	row := requestSchema.find(h.Key)
	if row == nil {
		return h, nil, fmt.Errorf("parse request header: api key %d: %w", h.Key, ErrUnknownKey)
	}
	size := int(int16(binary.BigEndian.Uint16(frame[8:])))
	body := frame[10:]
	if size < -1 || size > len(body) {
		return h, nil, fmt.Errorf("parse request header: client id of %d bytes, %d left: %w", size, len(body),
			ErrMalformed)
	}
	if size >= 0 {
		id := string(body[:size])
		h.ClientID, body = &id, body[size:]
	}
	if row.IsFlexible(h.Version) {
		c := checker{body: body, flexible: true}
		if !c.tags(nil) {
			return h, nil, fmt.Errorf("parse request header: %w", c.err)
		}
		body = body[c.pos:]
	}
	return h, body, nil
}

// AppendResponseHeader writes the response header (ResponseHeader.json v0 and
// v1): the correlation id, and an empty set of tagged fields when the version
// is flexible. It is not for an answer in another version than was asked for:
// that one, ApiVersions v0 with UNSUPPORTED_VERSION, has the header of v0, as
// has every answer to ApiVersions.
func AppendResponseHeader(dst []byte, key, version int16, correlationID int32) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(correlationID))
	row := requestSchema.find(key)
	if key != keyApiVersions && row != nil && row.IsFlexible(version) {
		dst = append(dst, 0)
	}
	return dst
}
