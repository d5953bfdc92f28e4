package config

import (
	"fmt"
	"strings"
	"time"

	"weir/filter"
)

// ShareConfig is what a share group goes by when it takes and settles records (KIP-932): its own settings within what the
// broker allows, or what the broker has.
type ShareConfig struct {
	// LockDuration is how long a member holds a record before others may have it.
	LockDuration time.Duration
	// DeliveryLimit is how often a record is delivered before it is given up.
	DeliveryLimit int
	// MaxRecordLocks bounds the records of one partition that are in flight.
	MaxRecordLocks int
	// Reset is where the group begins a partition.
	Reset OffsetReset
	// ReadCommitted keeps records of open and of aborted transactions from members.
	ReadCommitted bool
	// Renew lets members renew their hold on a record (KIP-1222).
	Renew bool
	// DeadLetterTopic takes the records that are given up (KIP-1191), "" for none.
	DeadLetterTopic string
	// DeadLetterCopy puts the record's own key and value into the dead letter.
	DeadLetterCopy bool
	// Order is what goes first: offset, priority or key.
	Order string
	// Backoff is how long a record waits after its first delivery failed; it grows by BackoffMultiplier with every other, up to
	// BackoffMax.
	Backoff, BackoffMax time.Duration
	BackoffMultiplier   float64
	// Filter says which records the group gets, nil for all.
	Filter *filter.Filter
}

// OffsetReset is where a share group begins a partition that it has not read yet.
type OffsetReset struct {
	Earliest bool
	// By is how far back from now the group begins, if ByDuration is set; neither set is the latest.
	ByDuration bool
	By         time.Duration
}

// Share returns what a share group with these overrides goes by. An override that the broker's bounds no longer allow
// counts as the nearest that they do (GroupConfig, Kafka 4.4).
func (r resolver) Share(overrides map[string]string) ShareConfig {
	c := r.Group(overrides)
	within := func(name, least, most string) int64 { return min(max(c.Int64(name), r.Int64(least)), r.Int64(most)) }
	return ShareConfig{
		LockDuration: time.Millisecond * time.Duration(within("share.record.lock.duration.ms",
			"group.share.min.record.lock.duration.ms", "group.share.max.record.lock.duration.ms")),
		DeliveryLimit: int(within("share.delivery.count.limit", "group.share.min.delivery.count.limit",
			"group.share.max.delivery.count.limit")),
		MaxRecordLocks: int(within("share.partition.max.record.locks", "group.share.min.partition.max.record.locks",
			"group.share.max.partition.max.record.locks")),
		Reset:           parseReset(c.String("share.auto.offset.reset")),
		ReadCommitted:   strings.EqualFold(c.String("share.isolation.level"), "read_committed"),
		Renew:           c.Bool("share.renew.acknowledge.enable"),
		DeadLetterTopic: c.String("errors.deadletterqueue.topic.name"),
		DeadLetterCopy:  c.Bool("errors.deadletterqueue.copy.record.enable"),

		Order:             c.String("weir.share.order"),
		Backoff:           time.Duration(c.Int64("weir.share.retry.backoff.ms")) * time.Millisecond,
		BackoffMax:        time.Duration(c.Int64("weir.share.retry.backoff.max.ms")) * time.Millisecond,
		BackoffMultiplier: c.Float64("weir.share.retry.backoff.multiplier"),
		Filter:            compiled(c.String("weir.share.filter")),
	}
}

// compiled reads what recordFilter has checked.
func compiled(text string) *filter.Filter {
	if text == "" {
		return nil
	}
	f, err := filter.Compile(text)
	if err != nil {
		panic("BUG: a filter passed its check: " + err.Error())
	}
	return f
}

// parseReset reads what offsetReset has checked.
func parseReset(text string) OffsetReset {
	if iso, ok := strings.CutPrefix(text, "by_duration:"); ok {
		if d, err := ParseDuration(iso); err == nil {
			return OffsetReset{ByDuration: true, By: d}
		}
	}
	return OffsetReset{Earliest: text == "earliest"}
}

// checkDeadLetters judges the name of the topic for dead letters. Kafka refuses one that begins with __ here
// (GroupConfig.validate), and one without the prefix when it is to write there (ShareGroupDLQStateManager), which loses the dead
// letters: we do so at once.
func (r resolver) checkDeadLetters(topic string) error {
	const name, before = "errors.deadletterqueue.topic.name", "errors.deadletterqueue.topic.name.prefix"
	if topic == "" {
		return nil
	}
	if strings.HasPrefix(topic, "__") {
		return refuseText(name, name+": DLQ topic name must not start with '__'")
	}
	if prefix := r.String(before); !strings.HasPrefix(topic, prefix) {
		return refuseText(name, fmt.Sprintf("%s: DLQ topic name must start with '%s', which is %s", name, prefix, before))
	}
	return nil
}
