package share

import (
	"fmt"
	"strconv"

	"weir/record"
)

// Headers of dead letters (KIP-1191).
const (
	DeadTopic         = "__dlq.errors.topic"
	DeadPartition     = "__dlq.errors.partition"
	DeadOffset        = "__dlq.errors.offset"
	DeadGroup         = "__dlq.errors.group"
	DeadDeliveryCount = "__dlq.errors.delivery.count"
	DeadMessage       = "__dlq.errors.message"
)

// Messages of dead letters; the first two are Kafka's.
var messages = map[Cause]string{
	Rejected:   "Offset rejected by client.",
	Exhausted:  "Offset delivery count exceeded the threshold.",
	TimeToLive: "Offset outlived its time to live.",
}

// letterBytes is about how much one batch of dead letters takes.
const letterBytes = 512 << 10

// corpse is a record that is to have its letter.
type corpse struct {
	offset int64
	*burial
}

// compose makes one batch of the first of some letters, and tells how many. What the log no longer has gets a letter without the
// record.
func (d *digger) compose(all []corpse) (letters record.Batch, n int, err error) {
	builder := record.NewBuilder(record.Options{})
	add := func(r *record.Record) {
		headers := d.headers(all[n].burial, all[n].offset)
		var key, value []byte
		if r != nil {
			key, value = r.Key, r.Value
			headers = append(headers, r.Headers...)
		}
		builder.Append(d.clock.Now().UnixMilli(), key, value, headers...)
		n++
	}
	full := func() bool { return n == len(all) || builder.Size() >= letterBytes }
	from, err := d.partitions.Get(all[0].key.PartitionID)
	if gone := err != nil; gone || !all[0].letter.whole {
		for !full() {
			add(nil)
		}
		return builder.Build(), n, nil
	}
	buf := scans.Get().(*[scanBytes]byte)
	defer scans.Put(buf)
	for !full() {
		if all[n].offset < from.StartOffset() {
			add(nil)
			continue
		}
		raw, err := read(from, all[n].offset, buf[:])
		if err != nil {
			return letters, 0, fmt.Errorf("read records that died: %w", err)
		}
		before := n
		for batch := range batches(raw) {
			for r, err := range batch.Records(0) {
				if err != nil {
					return letters, 0, fmt.Errorf("read records that died: %w", err)
				}
				for !full() && all[n].offset < r.Offset {
					add(nil)
				}
				if !full() && all[n].offset == r.Offset {
					add(&r)
				}
			}
			for !full() && all[n].offset <= batch.LastOffset() {
				add(nil)
			}
			if full() {
				break
			}
		}
		if n == before { // the log ends before
			add(nil)
		}
	}
	return builder.Build(), n, nil
}

func (d *digger) headers(b *burial, offset int64) []record.RecordHeader {
	text := func(key, value string) record.RecordHeader {
		return record.RecordHeader{Key: key, Value: []byte(value)}
	}
	return []record.RecordHeader{
		text(DeadTopic, d.name(b.key)),
		text(DeadPartition, strconv.Itoa(int(b.key.Index))),
		text(DeadOffset, strconv.FormatInt(offset, 10)),
		text(DeadGroup, b.key.Group),
		text(DeadDeliveryCount, strconv.Itoa(int(b.count))),
		text(DeadMessage, messages[b.cause]),
	}
}
