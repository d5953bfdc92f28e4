package config

import (
	"strings"
	"testing"
	"time"
)

func TestShareConfig(t *testing.T) {
	v := load(t, map[string]string{"group.share.max.record.lock.duration.ms": "40000"})
	usual := ShareConfig{LockDuration: 30 * time.Second, DeliveryLimit: 5, MaxRecordLocks: 2000, Renew: true,
		DeadLetterCopy: true, Order: "offset", BackoffMax: time.Minute, BackoffMultiplier: 2}
	if c := v.Share(nil); c != usual {
		t.Errorf("without settings of its own: %+v", c)
	}
	c := v.Share(map[string]string{
		"share.record.lock.duration.ms": "50000", "share.delivery.count.limit": "9", "share.partition.max.record.locks": "100",
		"share.auto.offset.reset": "by_duration:P1DT2H", "share.isolation.level": "read_committed",
		"share.renew.acknowledge.enable": "false", "errors.deadletterqueue.topic.name": "dead",
		"errors.deadletterqueue.copy.record.enable": "false", "weir.share.order": "key", "weir.share.retry.backoff.ms": "100",
		"weir.share.retry.backoff.max.ms": "5000", "weir.share.retry.backoff.multiplier": "1.5",
	})
	want := ShareConfig{LockDuration: 40 * time.Second, DeliveryLimit: 9, MaxRecordLocks: 100,
		Reset: OffsetReset{ByDuration: true, By: 26 * time.Hour}, ReadCommitted: true, DeadLetterTopic: "dead",
		Order: "key", Backoff: 100 * time.Millisecond, BackoffMax: 5 * time.Second, BackoffMultiplier: 1.5}
	if c != want {
		t.Errorf("with settings of its own: %+v, want %+v", c, want)
	}
	if c := v.Share(map[string]string{"share.auto.offset.reset": "earliest"}); c.Reset != (OffsetReset{Earliest: true}) {
		t.Errorf("earliest: %+v", c.Reset)
	}
}

// TestShareRefusals: what would not work is refused when it is set, and says why.
func TestShareRefusals(t *testing.T) {
	v := load(t, nil)
	for _, c := range []struct{ name, value, want string }{
		{"errors.deadletterqueue.topic.name", "__dead", "errors.deadletterqueue.topic.name: DLQ topic name must not start with '__'"},
		{"errors.deadletterqueue.topic.name", "dead", "must start with 'dlq.'"},
		{"errors.deadletterqueue.topic.name", "dlq.ä", "cannot have this name"},
		{"weir.share.filter", "key == 3", "no matching overload"},
		{"weir.share.filter", "pattern:a*.b", "whole words"},
		{"weir.share.order", "random", "offset, priority, key"},
		{"weir.share.retry.backoff.ms", "-1", "at least 0"},
		{"weir.share.retry.backoff.multiplier", "0.5", "at least 1"},
	} {
		err := v.CheckGroup(map[string]string{c.name: c.value})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s=%s: %v; want something of %q", c.name, c.value, err, c.want)
		}
	}
	good := map[string]string{"errors.deadletterqueue.topic.name": "dlq.orders", "weir.share.filter": "pattern:orders.*.#"}
	if err := v.CheckGroup(good); err != nil {
		t.Error(err)
	}
	if f := v.Share(good).Filter; f == nil || f.String() != "pattern:orders.*.#" {
		t.Errorf("filter: %v", f)
	}
}
