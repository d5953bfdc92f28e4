package journal

import (
	"encoding/binary"
	"hash/crc32"

	"weir/metadata"
)

// A file begins with a header: magic, CRC-32C of what follows, generation. Then entries, each a head and the
// bytes that it announces, at multiples of 8; the first of a round is at a multiple of pageBytes.
const (
	fileMagic   = 0x57454a46 // "WEJF", version 1
	entryMagic  = 0x57454a31 // "WEJ1"
	headerBytes = 4 + 4 + 8
	headBytes   = 4 + 4 + 8 + 8 + 16 + 4 + 4 + 8 + 8 + 8 + 4 + 4
	kindBytes   = 1
	kindFence   = 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendHeader(b []byte, generation uint64) []byte {
	b = binary.BigEndian.AppendUint32(b, fileMagic)
	sum := crc32.Checksum(binary.BigEndian.AppendUint64(nil, generation), castagnoli)
	b = binary.BigEndian.AppendUint32(b, sum)
	return binary.BigEndian.AppendUint64(b, generation)
}

// decodeHeader returns the generation of a file; false when it never began one.
func decodeHeader(b []byte) (generation uint64, ok bool) {
	if len(b) < headerBytes || binary.BigEndian.Uint32(b) != fileMagic {
		return 0, false
	}
	return binary.BigEndian.Uint64(b[8:]), crc32.Checksum(b[8:headerBytes], castagnoli) == binary.BigEndian.Uint32(b[4:])
}

// pad is how many bytes are missing to a multiple of to.
func pad(n, to int64) int64 { return (to - n%to) % to }

// entryBytes is the space that an entry of n bytes takes.
func entryBytes(n int) int { return headBytes + n + int(pad(int64(n), 8)) }

// encodeHead writes the head of an entry that lies at a position of the file.
func encodeHead(b []byte, e Entry, generation uint64, at int64, data []byte) {
	kind := uint32(kindBytes)
	if e.Fence {
		kind = kindFence
	}
	binary.BigEndian.PutUint32(b, entryMagic)
	binary.BigEndian.PutUint64(b[8:], generation)
	binary.BigEndian.PutUint64(b[16:], uint64(at))
	copy(b[24:], e.Partition.Topic[:])
	binary.BigEndian.PutUint32(b[40:], uint32(e.Partition.Index))
	binary.BigEndian.PutUint32(b[44:], kind)
	binary.BigEndian.PutUint64(b[48:], uint64(e.Segment))
	binary.BigEndian.PutUint64(b[56:], uint64(e.Position))
	binary.BigEndian.PutUint64(b[64:], uint64(e.End))
	binary.BigEndian.PutUint32(b[72:], uint32(len(data)))
	binary.BigEndian.PutUint32(b[76:], crc32.Checksum(data, castagnoli))
	binary.BigEndian.PutUint32(b[4:], crc32.Checksum(b[8:headBytes], castagnoli))
}

// head is a decoded head.
type head struct {
	Entry
	length int
	sum    uint32
}

// decodeHead reads the head of the entry at a position; false when there is none of this generation.
func decodeHead(b []byte, generation uint64, at int64) (h head, ok bool) {
	if len(b) < headBytes || binary.BigEndian.Uint32(b) != entryMagic ||
		binary.BigEndian.Uint32(b[4:]) != crc32.Checksum(b[8:headBytes], castagnoli) ||
		binary.BigEndian.Uint64(b[16:]) != uint64(at) {
		return head{}, false
	}
	if binary.BigEndian.Uint64(b[8:]) != generation && !mutantAnyGeneration {
		return head{}, false
	}
	var id metadata.PartitionID
	copy(id.Topic[:], b[24:])
	id.Index = int32(binary.BigEndian.Uint32(b[40:]))
	kind := binary.BigEndian.Uint32(b[44:])
	h = head{
		Entry: Entry{Partition: id, Segment: int64(binary.BigEndian.Uint64(b[48:])),
			Position: int64(binary.BigEndian.Uint64(b[56:])), End: int64(binary.BigEndian.Uint64(b[64:])),
			Fence: kind == kindFence},
		length: int(binary.BigEndian.Uint32(b[72:])), sum: binary.BigEndian.Uint32(b[76:]),
	}
	ok = (kind == kindBytes || kind == kindFence) && id.Index >= 0 && h.Segment >= 0 && h.Position >= 0 &&
		h.length <= MaxEntryBytes
	return h, ok
}
