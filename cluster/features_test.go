package cluster

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"testing"
)

// TestFeaturesLast checks that levels are kept over restarts, 0 among them, that the epoch rises with a change only, and
// that a program with a new feature finalizes that one alone.
func TestFeaturesLast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meta.db")
	config := testConfig(4)
	config.Features = []Feature{{"group.version", 0, 1}, {"transaction.version", 0, 2}}
	start := func() *Cluster {
		s, err := OpenBolt(path)
		if err != nil {
			t.Fatal(err)
		}
		c := open(t, s, config)
		t.Cleanup(func() { s.Close() })
		return c
	}
	check := func(c *Cluster, epoch int64, want map[string]int16) {
		t.Helper()
		if img := c.Image(); img.FeaturesEpoch != epoch || !maps.Equal(img.Features, want) {
			t.Errorf("epoch %d, levels %v; want %d, %v", img.FeaturesEpoch, img.Features, epoch, want)
		}
	}
	c := start()
	check(c, 1, map[string]int16{"group.version": 1, "transaction.version": 2})
	update := func(kind UpdateKind, level int16, validate bool) error {
		t.Helper()
		return c.UpdateFeatures(context.Background(), []FeatureUpdate{{"transaction.version", level, kind}}, validate)
	}
	for _, u := range []struct {
		kind     UpdateKind
		level    int16
		validate bool
		refused  bool
		epoch    int64
		want     int16
	}{
		{SafeDowngrade, 1, true, false, 1, 2},
		{Upgrade, 1, false, true, 1, 2},
		{Upgrade, 2, false, false, 1, 2},
		{SafeDowngrade, 1, false, false, 2, 1},
		{UnsafeDowngrade, 0, false, false, 3, 0},
		{SafeDowngrade, 0, false, false, 3, 0},
	} {
		if err := update(u.kind, u.level, u.validate); errors.Is(err, ErrInvalidFeatureLevel) != u.refused || !u.refused && err != nil {
			t.Errorf("%+v: %v", u, err)
		}
		check(c, u.epoch, map[string]int16{"group.version": 1, "transaction.version": u.want})
	}
	both := []FeatureUpdate{{"group.version", 0, SafeDowngrade}, {"transaction.version", 9, Upgrade}}
	if err := c.UpdateFeatures(context.Background(), both, false); !errors.Is(err, ErrInvalidFeatureLevel) {
		t.Errorf("one of two is wrong: %v", err)
	}
	if err := errors.Join(c.Close(), c.store.Close()); err != nil {
		t.Fatal(err)
	}
	config.Features = append(config.Features, Feature{"streams.version", 0, 1})
	check(start(), 4, map[string]int16{"group.version": 1, "streams.version": 1, "transaction.version": 0})
}
