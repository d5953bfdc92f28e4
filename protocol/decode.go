package protocol

import "github.com/twmb/franz-go/pkg/kmsg"

// DecodeRequest checks body and decodes it.
func DecodeRequest(key, version int16, body []byte) (kmsg.Request, error) { panic("unwritten") }
