package config

import (
	"testing"
	"time"
)

func TestShareConfig(t *testing.T) {
	v := load(t, map[string]string{"group.share.max.record.lock.duration.ms": "40000"})
	usual := ShareConfig{LockDuration: 30 * time.Second, DeliveryLimit: 5, MaxRecordLocks: 2000, Renew: true}
	if c := v.Share(nil); c != usual {
		t.Errorf("without settings of its own: %+v", c)
	}
	c := v.Share(map[string]string{
		"share.record.lock.duration.ms": "50000", "share.delivery.count.limit": "9", "share.partition.max.record.locks": "100",
		"share.auto.offset.reset": "by_duration:P1DT2H", "share.isolation.level": "read_committed",
		"share.renew.acknowledge.enable": "false", "errors.deadletterqueue.topic.name": "dead",
		"errors.deadletterqueue.copy.record.enable": "true",
	})
	want := ShareConfig{LockDuration: 40 * time.Second, DeliveryLimit: 9, MaxRecordLocks: 100,
		Reset: OffsetReset{ByDuration: true, By: 26 * time.Hour}, ReadCommitted: true, DeadLetterTopic: "dead", DeadLetterCopy: true}
	if c != want {
		t.Errorf("with settings of its own: %+v, want %+v", c, want)
	}
	if c := v.Share(map[string]string{"share.auto.offset.reset": "Earliest"}); c.Reset != (OffsetReset{Earliest: true}) {
		t.Errorf("earliest: %+v", c.Reset)
	}
}
