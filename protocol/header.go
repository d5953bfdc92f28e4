package protocol

// RequestHeader is what precedes every request body (RequestHeader.json v1
// and v2).
type RequestHeader struct {
	Key, Version  int16
	CorrelationID int32
	ClientID      *string // nil when the client sent null
}

// ParseRequestHeader splits a frame (without its length prefix) into header and body.
func ParseRequestHeader(frame []byte) (RequestHeader, []byte, error) { panic("unwritten") }

// AppendResponseHeader writes a response header.
func AppendResponseHeader(dst []byte, key, version int16, correlationID int32) []byte {
	panic("unwritten")
}
