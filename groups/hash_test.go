package groups

import (
	"encoding/hex"
	"testing"

	"weir/metadata"
)

// TestTopicsHash: the hash is the one that Apache Kafka 4.4.0 wrote for this topic (testrecords/kafka-4.4.0.txt).
func TestTopicsHash(t *testing.T) {
	topic := &metadata.Topic{Name: "topic848", Partitions: make([]metadata.Partition, 3)}
	id, err := hex.DecodeString("1069cd2bd5054aa196f3c054a39a2be2")
	if err != nil {
		t.Fatal(err)
	}
	copy(topic.ID[:], id)
	d := metadata.Empty().Edit()
	d.PutTopic(topic)
	image := d.Done()
	const want = 0x3c18fd4c162440f1
	if got := testMachine().topicsHash(image, map[string]struct{}{"topic848": {}, "missing": {}}); got != want {
		t.Errorf("got %#x; want %#x", got, int64(want))
	}
	if got := testMachine().topicsHash(image, map[string]struct{}{"missing": {}}); got != 0 {
		t.Errorf("without a topic: %#x; want 0", got)
	}
}
