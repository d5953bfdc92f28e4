package groups

import (
	"crypto/rand"
	"fmt"
)

// newMemberIDSuffix gives a random UUID (version 4). Member ids must not be guessed: whoever knows one can
// act as that member.
func newMemberIDSuffix() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
