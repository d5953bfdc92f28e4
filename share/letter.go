package share

import (
	"slices"
	"strconv"
	"strings"

	"weir/partition"
	"weir/record"
)

// HeaderRedrives counts how often a record was sent again from a topic for dead letters.
const HeaderRedrives = "weir.redrive.count"

// DeadHeaders is how the names of dead letters' own headers begin.
const DeadHeaders = "__dlq.errors."

// Letter is what a dead letter says of the record that was given up.
type Letter struct {
	Topic      string
	Partition  int32
	Offset     int64
	Group      string
	Deliveries int
	Message    string // why
	Redrives   int    // how often the record had been sent again before it was given up
}

// ReadLetter reads the headers of a dead letter. It is false for a record that is none. Of headers that stand twice the first
// counts: a dead letter may itself have been given up.
func ReadLetter(headers []record.RecordHeader) (Letter, bool) {
	l := Letter{Partition: -1, Offset: -1}
	seen := make(map[string]bool, 8)
	for _, h := range headers {
		own := strings.HasPrefix(h.Key, DeadHeaders)
		if !own && h.Key != HeaderRedrives || seen[h.Key] {
			continue
		}
		seen[h.Key] = true
		value := string(h.Value)
		n, err := strconv.ParseInt(value, 10, 64)
		switch h.Key {
		case DeadTopic:
			l.Topic = value
		case DeadGroup:
			l.Group = value
		case DeadMessage:
			l.Message = value
		case DeadPartition:
			if err == nil && n >= 0 && n <= 1<<31-1 {
				l.Partition = int32(n)
			}
		case DeadOffset:
			if err == nil {
				l.Offset = n
			}
		case DeadDeliveryCount:
			l.Deliveries = int(n)
		case HeaderRedrives:
			l.Redrives = int(max(n, 0))
		}
	}
	return l, l.Topic != "" && l.Group != "" && l.Partition >= 0 && l.Offset >= 0
}

// BareLetter tells of a dead letter whether it was written without its record (errors.deadletterqueue.copy.record.enable=false).
func BareLetter(key, value []byte, headers []record.RecordHeader) bool {
	return key == nil && value == nil && len(headers) > 0 &&
		!slices.ContainsFunc(headers, func(h record.RecordHeader) bool { return !strings.HasPrefix(h.Key, DeadHeaders) })
}

// RedriveHeaders are the headers with which a dead letter's record is sent again: its own, without what the dead letter added and
// without a delay, and with one redrive more. Its message id is a new one made of the letter's place: the record's own may be
// remembered where it goes to.
func RedriveHeaders(headers []record.RecordHeader, redrives int, place string) []record.RecordHeader {
	var out []record.RecordHeader
	for _, h := range headers {
		switch h.Key {
		case HeaderDeliverAt, HeaderDeliverAfter, HeaderRedrives, partition.HeaderMessageID:
			continue
		}
		if !strings.HasPrefix(h.Key, DeadHeaders) {
			out = append(out, h)
		}
	}
	return append(out, record.RecordHeader{Key: HeaderRedrives, Value: strconv.AppendInt(nil, int64(redrives)+1, 10)},
		record.RecordHeader{Key: partition.HeaderMessageID, Value: []byte("redrive:" + place)})
}
