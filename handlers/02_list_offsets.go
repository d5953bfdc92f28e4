package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/partition"
)

// Special timestamps of ListOffsets, and the version each appeared in (ListOffsetsRequest.java).
const (
	latestTimestamp        int64 = -1 // the high watermark, or the last stable offset for read_committed
	earliestTimestamp      int64 = -2
	maxTimestamp           int64 = -3 // v7: the record with the highest timestamp (KIP-734)
	earliestLocalTimestamp int64 = -4 // v8: the first offset that is not only in remote storage (KIP-405)
	latestTieredTimestamp  int64 = -5 // v9: the last offset in remote storage (KIP-1005)
	earliestPendingUpload  int64 = -6 // v11: the first offset not yet in remote storage (KIP-1023)
)

// ListOffsets (key 2), v1-v11.
//
// Behavior:
//   - A timestamp finds the first record at or after it. Nothing found answers offset -1 without an error.
//   - There is no remote storage: earliest-local is earliest; latest-tiered and earliest-pending-upload
//     answer -1.
//   - A partition named twice is answered once, with 42; a special timestamp newer than the version, or
//     unknown, answers 35.
//
// Version notes: v2 isolation level, v4 leader epochs (KIP-320), v7/8/9/11 special timestamps, v10 timeout
// (unused: nothing is looked up remotely).
func (h *Handlers) serveListOffsets(c *Conn, version int16, req *kmsg.ListOffsetsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
	seen := countPartitions(req)
	for _, t := range req.Topics {
		answer := kmsg.NewListOffsetsResponseTopic()
		answer.Topic = t.Topic
		for _, asked := range t.Partitions {
			name := partitionName{t.Topic, asked.Partition}
			if seen[name] < 0 {
				continue // answered already
			}
			p := kmsg.NewListOffsetsResponseTopicPartition()
			p.Partition, p.Timestamp, p.Offset, p.LeaderEpoch = asked.Partition, -1, -1, -1
			var err error
			switch {
			case !h.allowed(c, opDescribe, topicResource, t.Topic):
				err = kerr.TopicAuthorizationFailed
			case seen[name] > 1:
				err, seen[name] = kerr.InvalidRequest, -1
			case !timestampServed(asked.Timestamp, version):
				err = kerr.UnsupportedVersion
			default:
				err = h.listOffset(t.Topic, asked, req.IsolationLevel == 1, &p)
			}
			p.ErrorCode = h.code(err)
			answer.Partitions = append(answer.Partitions, p)
		}
		resp.Topics = append(resp.Topics, answer)
	}
	return Now(resp)
}

// partitionName names a partition in requests without topic ids.
type partitionName struct {
	topic string
	index int32
}

func countPartitions(req *kmsg.ListOffsetsRequest) map[partitionName]int {
	seen := make(map[partitionName]int)
	for _, t := range req.Topics {
		for _, p := range t.Partitions {
			seen[partitionName{t.Topic, p.Partition}]++
		}
	}
	return seen
}

func timestampServed(ts int64, version int16) bool {
	switch ts {
	case latestTimestamp, earliestTimestamp:
		return true
	case maxTimestamp:
		return version >= 7
	case earliestLocalTimestamp:
		return version >= 8
	case latestTieredTimestamp:
		return version >= 9
	case earliestPendingUpload:
		return version >= 11
	}
	return ts >= 0
}

// listOffset looks one partition's offset up and writes it to out.
func (h *Handlers) listOffset(topic string, asked kmsg.ListOffsetsRequestTopicPartition, committed bool,
	out *kmsg.ListOffsetsResponseTopicPartition,
) error {
	p, err := h.findByName(topic, asked.Partition)
	if err != nil {
		return err
	}
	var at partition.OffsetAt
	found := true
	switch asked.Timestamp {
	case latestTimestamp:
		at, err = p.EndAt(committed, asked.CurrentLeaderEpoch)
	case earliestTimestamp, earliestLocalTimestamp:
		at, err = p.StartAt(asked.CurrentLeaderEpoch)
	case maxTimestamp:
		at, found, err = p.MaxTimestamp(committed, asked.CurrentLeaderEpoch)
	case latestTieredTimestamp, earliestPendingUpload:
		_, err = p.StartAt(asked.CurrentLeaderEpoch) // for the epoch check only
		found = false
	default:
		at, found, err = p.LookupTime(asked.Timestamp, committed, asked.CurrentLeaderEpoch)
	}
	if err != nil || !found {
		return err
	}
	out.Timestamp, out.Offset, out.LeaderEpoch = at.Timestamp, at.Offset, at.LeaderEpoch
	return nil
}
