package cluster

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// The form of values in meta.db (docs/format/meta.md):
//
//	format 1 byte | CRC-32C 4 bytes | revision 8 bytes | value
//
// little-endian; the CRC covers the key, the revision and the value, so a value under a wrong key shows.
const (
	envelopeFormat = 1
	envelopeBytes  = 1 + 4 + 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func seal(kv KV) []byte {
	b := make([]byte, 5, envelopeBytes+len(kv.Value))
	b[0] = envelopeFormat
	b = appendUint64(b, uint64(kv.ModRev))
	b = append(b, kv.Value...)
	binary.LittleEndian.PutUint32(b[1:], envelopeCRC(kv.Key, b[5:]))
	return b
}

func unseal(key string, b []byte) (KV, error) {
	switch {
	case len(b) < envelopeBytes:
		return KV{}, fmt.Errorf("%w: value of %q has %d bytes, fewer than its header", ErrDamaged, key, len(b))
	case binary.LittleEndian.Uint32(b[1:]) != envelopeCRC(key, b[5:]):
		return KV{}, fmt.Errorf("%w: checksum of %q", ErrDamaged, key)
	case b[0] != envelopeFormat:
		return KV{}, fmt.Errorf("%w: value of %q has format %d, want %d", ErrDamaged, key, b[0], envelopeFormat)
	}
	return KV{Key: key, ModRev: int64(binary.LittleEndian.Uint64(b[5:])), Value: b[envelopeBytes:]}, nil
}

func envelopeCRC(key string, rest []byte) uint32 {
	return crc32.Update(crc32.Checksum([]byte(key), castagnoli), castagnoli, rest)
}

// sealSum and unsealSum give the sum the same form.
func sealSum(s sum) []byte {
	return seal(KV{Key: sumKey, ModRev: s.rev, Value: appendUint64(appendUint64(nil, uint64(s.count)), s.hash)})
}

func unsealSum(b []byte) (sum, error) {
	kv, err := unseal(sumKey, b)
	if err != nil {
		return sum{}, err
	}
	if len(kv.Value) != 16 {
		return sum{}, fmt.Errorf("%w: the sum has %d bytes", ErrDamaged, len(kv.Value))
	}
	return sum{rev: kv.ModRev, count: int64(binary.LittleEndian.Uint64(kv.Value)),
		hash: binary.LittleEndian.Uint64(kv.Value[8:])}, nil
}

func appendUint64(b []byte, n uint64) []byte { return binary.LittleEndian.AppendUint64(b, n) }
