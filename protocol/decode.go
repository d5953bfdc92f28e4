package protocol

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// DecodeRequest checks body as [Check] does and decodes it.
//
// Strings of the request are copies. Byte fields (a group member's metadata
// and assignment, a SASL message) alias body: copy what outlives it.
//
// Produce and Fetch have decoders of their own; this one works for them too.
func DecodeRequest(key, version int16, body []byte) (kmsg.Request, error) {
	length, _, err := requestSchema.check(key, version, body)
	if err != nil {
		return nil, err
	}
	r := kmsg.RequestForKey(key)
	if r == nil || r.MaxVersion() < version {
		return nil, fmt.Errorf("decode request: key %d version %d: %w", key, version, ErrUnsupportedVersion)
	}
	r.SetVersion(version)
	if err := r.ReadFrom(body[:length]); err != nil {
		return nil, fmt.Errorf("decode %s v%d request: %w: %w", kmsg.NameForKey(key), version, ErrMalformed, err)
	}
	return r, nil
}
