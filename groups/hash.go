package groups

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf16"

	"weir/metadata"
)

// topicsHash gives the hash by which a group notices that a topic it reads has come, gone or changed: Kafka's
// (KIP-1101), so that a group that Kafka wrote is not rebalanced for being read here.
func topicsHash(image *metadata.Image, names map[string]struct{}) int64 {
	var topics []*metadata.Topic
	for name := range names {
		if t := image.Topic(name); t != nil {
			topics = append(topics, t)
		}
	}
	if len(topics) == 0 {
		return 0
	}
	slices.SortFunc(topics, func(a, b *metadata.Topic) int { return strings.Compare(a.Name, b.Name) })
	var all []byte
	for _, t := range topics {
		all = binary.LittleEndian.AppendUint64(all, topicHash(image, t))
	}
	return int64(xxh3(all))
}

// topicHash hashes a topic's id, name, partitions, and the racks of each.
func topicHash(image *metadata.Image, t *metadata.Topic) uint64 {
	b := []byte{0} // the version of this
	b = binary.LittleEndian.AppendUint64(b, binary.BigEndian.Uint64(t.ID[:8]))
	b = binary.LittleEndian.AppendUint64(b, binary.BigEndian.Uint64(t.ID[8:]))
	b = appendUTF16(b, t.Name)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(t.Partitions)))
	for i := range t.Partitions {
		b = binary.LittleEndian.AppendUint32(b, uint32(i))
		for _, rack := range racksOf(image, &t.Partitions[i]) {
			b = binary.LittleEndian.AppendUint32(b, uint32(len(utf16.Encode([]rune(rack)))))
			b = appendUTF16(b, rack)
		}
	}
	return xxh3(b)
}

// racksOf gives the racks of a partition's replicas, sorted.
func racksOf(image *metadata.Image, p *metadata.Partition) []string {
	var racks []string
	for _, id := range p.Replicas {
		if b := image.Broker(id); b != nil && b.Rack != "" {
			racks = append(racks, b.Rack)
		}
	}
	slices.Sort(racks)
	return racks
}

// appendUTF16 appends a text's characters as Java counts them, and how many they are.
func appendUTF16(b []byte, s string) []byte {
	units := utf16.Encode([]rune(s))
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return binary.LittleEndian.AppendUint32(b, uint32(len(units)))
}

// The constants of XXH3.
const (
	xxhPrime32x1 = 0x9E3779B1
	xxhPrime32x2 = 0x85EBCA77
	xxhPrime32x3 = 0xC2B2AE3D
	xxhPrime64x1 = 0x9E3779B185EBCA87
	xxhPrime64x2 = 0xC2B2AE3D27D4EB4F
	xxhPrime64x3 = 0x165667B19E3779F9
	xxhPrime64x4 = 0x85EBCA77C2B2AE63
	xxhPrime64x5 = 0x27D4EB2F165667C5
	xxhMix1      = 0x165667919E3779F9
	xxhMix2      = 0x9FB21C651E98DF25
)

// xxhSecret is the secret that XXH3 has by default.
const xxhSecret = "\xb8\xfe\x6c\x39\x23\xa4\x4b\xbe\x7c\x01\x81\x2c\xf7\x21\xad\x1c\xde\xd4\x6d\xe9\x83\x90\x97\xdb" +
	"\x72\x40\xa4\xa4\xb7\xb3\x67\x1f\xcb\x79\xe6\x4e\xcc\xc0\xe5\x78\x82\x5a\xd0\x7d\xcc\xff\x72\x21" +
	"\xb8\x08\x46\x74\xf7\x43\x24\x8e\xe0\x35\x90\xe6\x81\x3a\x26\x4c\x3c\x28\x52\xbb\x91\xc3\x00\xcb" +
	"\x88\xd0\x65\x8b\x1b\x53\x2e\xa3\x71\x64\x48\x97\xa2\x0d\xf9\x4e\x38\x19\xef\x46\xa9\xde\xac\xd8" +
	"\xa8\xfa\x76\x3f\xe3\x9c\x34\x3f\xf9\xdc\xbb\xc7\xc7\x0b\x4f\x1d\x8a\x51\xe0\x4b\xcd\xb4\x59\x31" +
	"\xc8\x9f\x7e\xc9\xd9\x78\x73\x64\xea\xc5\xac\x83\x34\xd3\xeb\xc3\xc5\x81\xa0\xff\xfa\x13\x63\xeb" +
	"\x17\x0d\xdd\x51\xb7\xf0\xda\x49\xd3\x16\x55\x26\x29\xd4\x68\x9e\x2b\x16\xbe\x58\x7d\x47\xa1\xfc" +
	"\x8f\xf8\xb8\xd1\x7a\xd0\x31\xce\x45\xcb\x3a\x8f\x95\x16\x04\x28\xaf\xd7\xfb\xca\xbb\x4b\x40\x7e"

func secret64(at int) uint64 { return binary.LittleEndian.Uint64([]byte(xxhSecret[at : at+8])) }

func secret32(at int) uint64 { return uint64(binary.LittleEndian.Uint32([]byte(xxhSecret[at : at+4]))) }

// xxh3 is the 64-bit XXH3 with the seed 0.
func xxh3(b []byte) uint64 {
	n := len(b)
	switch {
	case n == 0:
		return xxhAvalanche64(secret64(56) ^ secret64(64))
	case n <= 3:
		in := uint32(b[0])<<16 | uint32(b[n>>1])<<24 | uint32(b[n-1]) | uint32(n)<<8
		return xxhAvalanche64(uint64(in) ^ secret32(0) ^ secret32(4))
	case n <= 8:
		first, last := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[n-4:])
		h := (uint64(last) + uint64(first)<<32) ^ secret64(8) ^ secret64(16)
		h ^= bits.RotateLeft64(h, 49) ^ bits.RotateLeft64(h, 24)
		h *= xxhMix2
		h ^= h>>35 + uint64(n)
		h *= xxhMix2
		return h ^ h>>28
	case n <= 16:
		low := binary.LittleEndian.Uint64(b) ^ secret64(24) ^ secret64(32)
		high := binary.LittleEndian.Uint64(b[n-8:]) ^ secret64(40) ^ secret64(48)
		return xxhAvalanche(uint64(n) + bits.ReverseBytes64(low) + high + xxhFold(low, high))
	case n <= 128:
		h := uint64(n) * xxhPrime64x1
		for i := (n - 1) / 32; i >= 0; i-- {
			h += xxhMix(b[16*i:], 32*i) + xxhMix(b[n-16*(i+1):], 32*i+16)
		}
		return xxhAvalanche(h)
	case n <= 240:
		h := uint64(n) * xxhPrime64x1
		for i := range 8 {
			h += xxhMix(b[16*i:], 16*i)
		}
		h = xxhAvalanche(h)
		for i := 8; i < n/16; i++ {
			h += xxhMix(b[16*i:], 16*(i-8)+3)
		}
		return xxhAvalanche(h + xxhMix(b[n-16:], 136-17))
	}
	return xxhLong(b)
}

// xxhLong hashes in blocks of stripes of 64 bytes.
func xxhLong(b []byte) uint64 {
	acc := [8]uint64{
		xxhPrime32x3, xxhPrime64x1, xxhPrime64x2, xxhPrime64x3,
		xxhPrime64x4, xxhPrime32x2, xxhPrime64x5, xxhPrime32x1,
	}
	const stripe, stripes = 64, (len(xxhSecret) - 64) / 8
	n := len(b)
	whole := (n - 1) / stripe // the last stripe is taken for itself
	for i := range whole {
		xxhAccumulate(&acc, b[stripe*i:], 8*(i%stripes))
		if i%stripes == stripes-1 {
			for j := range acc {
				acc[j] = (acc[j] ^ acc[j]>>47 ^ secret64(len(xxhSecret)-64+8*j)) * xxhPrime32x1
			}
		}
	}
	xxhAccumulate(&acc, b[n-stripe:], len(xxhSecret)-stripe-7)
	h := uint64(n) * xxhPrime64x1
	for i := 0; i < 8; i += 2 {
		h += xxhFold(acc[i]^secret64(11+8*i), acc[i+1]^secret64(19+8*i))
	}
	return xxhAvalanche(h)
}

func xxhAccumulate(acc *[8]uint64, stripe []byte, secret int) {
	for i := range acc {
		v := binary.LittleEndian.Uint64(stripe[8*i:])
		key := v ^ secret64(secret+8*i)
		acc[i^1] += v
		acc[i] += key & 0xFFFFFFFF * (key >> 32)
	}
}

func xxhMix(b []byte, secret int) uint64 {
	return xxhFold(binary.LittleEndian.Uint64(b)^secret64(secret),
		binary.LittleEndian.Uint64(b[8:])^secret64(secret+8))
}

func xxhFold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

func xxhAvalanche(h uint64) uint64 {
	h = (h ^ h>>37) * xxhMix1
	return h ^ h>>32
}

func xxhAvalanche64(h uint64) uint64 {
	h = (h ^ h>>33) * xxhPrime64x2
	h = (h ^ h>>29) * xxhPrime64x3
	return h ^ h>>32
}
