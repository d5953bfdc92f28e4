package metrics

import (
	"cmp"
	"slices"
)

// maxTopics is how many topics have a series of their own; the others are counted together.
const maxTopics = 100

// OtherTopics is the label under which all topics but the largest are counted. No topic can be called so.
const OtherTopics = "(other)"

// Logs is what a broker's logs come to at one moment.
type Logs struct {
	Bytes      int64
	Partitions int
	Segments   int
	Offline    int // partitions
	Topics     []TopicBytes
}

// TopicBytes is the size of one topic's logs.
type TopicBytes struct {
	Topic string
	Bytes int64
}

// SetLogs replaces what is said of the logs. The maxTopics largest topics are told apart.
func (r *Registry) SetLogs(l Logs) {
	r.logBytes.Set(float64(l.Bytes))
	r.logPartitions.Set(float64(l.Partitions))
	r.logSegments.Set(float64(l.Segments))
	r.offline.Set(float64(l.Offline))
	topics := slices.SortedFunc(slices.Values(l.Topics), func(a, b TopicBytes) int {
		return cmp.Or(-cmp.Compare(a.Bytes, b.Bytes), cmp.Compare(a.Topic, b.Topic))
	})
	r.topicBytes.Reset() // topics that are gone, or no longer among the largest
	var rest int64
	for i, t := range topics {
		if i < maxTopics {
			r.topicBytes.WithLabelValues(t.Topic).Set(float64(t.Bytes))
			continue
		}
		rest += t.Bytes
	}
	if len(topics) > maxTopics {
		r.topicBytes.WithLabelValues(OtherTopics).Set(float64(rest))
	}
}
