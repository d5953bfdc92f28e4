package protocol

import "errors"

// Why a request cannot be decoded. The connection it came on is to be closed,
// but for an ApiVersions request with ErrUnsupportedVersion.
var (
	// ErrMalformed: the bytes do not follow the message's schema.
	ErrMalformed = errors.New("malformed request")
	// ErrUnknownKey: no such API.
	ErrUnknownKey = errors.New("unknown api key")
	// ErrUnsupportedVersion: the API exists, this version of it does not.
	ErrUnsupportedVersion = errors.New("unsupported api version")
)
