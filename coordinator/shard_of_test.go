package coordinator

import "testing"

// The shards are those that Kafka computes: String.hashCode in Java, and Utils.abs.
func TestShardOf(t *testing.T) {
	for _, c := range []struct {
		group string
		want  int32
	}{
		{"probe-group", 30}, {"simple", 26}, // seen on Apache Kafka 4.3.1
		{"", 0}, {"polygenelubricants", 0}, // its hash is the smallest integer
		{"gruppe-ä", 48}, {"группа", 8}, {"😀", 49},
	} {
		if got := ShardOf(c.group, 50); got != c.want {
			t.Errorf("group %q is on shard %d; want %d", c.group, got, c.want)
		}
	}
}
