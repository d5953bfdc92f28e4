package groups

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/zeebo/xxh3"

	"weir/metadata"
)

// topicsHash gives the hash by which a group notices that a topic it reads has come, gone or changed: Kafka's
// (KIP-1101), so that a group that Kafka wrote is not rebalanced for being read here.
func (m *machine) topicsHash(image *metadata.Image, names map[string]struct{}) int64 {
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
		all = binary.LittleEndian.AppendUint64(all, m.topicHash(image, t))
	}
	return int64(xxh3.Hash(all))
}

// topicHash gives a topic's hash, computed once for an image: when a thousand members join, each asks for it.
func (m *machine) topicHash(image *metadata.Image, t *metadata.Topic) uint64 {
	if m.hashed != image {
		m.hashed, m.hashes = image, make(map[*metadata.Topic]uint64)
	}
	hash, known := m.hashes[t]
	if !known {
		hash = topicHash(image, t)
		m.hashes[t] = hash
	}
	return hash
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
	return xxh3.Hash(b)
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
