package protocol

import (
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// DecodeRequest checks body as [Check] does and decodes it. Nothing of the
// request lies in body: a group's state may keep a member's metadata long
// after the frame's buffer went back to its pool.
//
// It is for all requests but Produce and Fetch, which have decoders of their
// own and do leave the records where they are.
func DecodeRequest(key, version int16, body []byte) (kmsg.Request, error) {
	c, err := requestSchema.check(key, version, body)
	if err != nil {
		return nil, err
	}
	r := kmsg.RequestForKey(key)
	if r == nil || r.MaxVersion() < version {
		return nil, fmt.Errorf("decode request: key %d version %d: %w", key, version, ErrUnsupportedVersion)
	}
	body = body[:c.pos]
	if c.hasBytes {
		body = slices.Clone(body) // kmsg copies strings, but not byte fields
	}
	r.SetVersion(version)
	if err := r.ReadFrom(body); err != nil {
		return nil, fmt.Errorf("decode %s v%d request: %w: %w", kmsg.NameForKey(key), version, ErrMalformed, err)
	}
	return r, nil
}
