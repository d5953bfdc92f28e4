package oracle

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func featureScenarios() []scenario {
	return []scenario{{key: 57, name: "refused", run: refuseFeatures}, {key: 57, name: "changed", run: changeFeatures}}
}

// Upgrade types (FeatureUpdate.UpgradeType).
const (
	upgrade         int8 = 1
	safeDowngrade   int8 = 2
	unsafeDowngrade int8 = 3
)

func feature(name string, level int16, how int8) kmsg.UpdateFeaturesRequestFeatureUpdate {
	u := kmsg.NewUpdateFeaturesRequestFeatureUpdate()
	u.Feature, u.MaxVersionLevel, u.UpgradeType, u.AllowDowngrade = name, level, how, how > upgrade
	return u
}

func featuresRequest(updates ...kmsg.UpdateFeaturesRequestFeatureUpdate) *kmsg.UpdateFeaturesRequest {
	req := kmsg.NewPtrUpdateFeaturesRequest()
	req.FeatureUpdates = updates
	return req
}

// refuseFeatures asks for what is refused, or changes nothing.
func refuseFeatures(s *session) {
	for _, c := range []struct {
		name  string
		level int16
		how   int8
	}{
		{"nonsense", 1, upgrade}, {"nonsense", 0, upgrade}, {"nonsense", 0, safeDowngrade}, {"", 1, upgrade},
		{"transaction.version", 3, upgrade}, {"transaction.version", -1, upgrade}, {"transaction.version", -1, safeDowngrade},
		{"transaction.version", 2, 0}, {"transaction.version", 2, upgrade}, {"transaction.version", 2, safeDowngrade},
		{"transaction.version", 2, unsafeDowngrade}, {"transaction.version", 2, 4}, {"transaction.version", 2, -1},
		{"transaction.version", 1, upgrade}, {"transaction.version", 0, upgrade}, {"transaction.version", 3, safeDowngrade},
		{"transaction.version", 32767, upgrade}, {"group.version", 2, upgrade}, {"group.version", 0, upgrade},
		{"streams.version", 2, upgrade}, {"share.version", 3, upgrade}, {"share.version", 1, upgrade}, {"metadata.version", 34, upgrade}, {"metadata.version", 6, upgrade},
		{"metadata.version", 6, safeDowngrade}, {"metadata.version", 0, unsafeDowngrade}, {"metadata.version", 7, upgrade},
		{"metadata.version", 7, safeDowngrade}, {"metadata.version", 7, unsafeDowngrade}, {"metadata.version", 33, upgrade},
		{"metadata.version", 20, safeDowngrade}, {"metadata.version", 32, upgrade}, {"metadata.version", 1000, upgrade},
	} {
		s.ask(fmt.Sprintf("%q to %d as %d", c.name, c.level, c.how), featuresRequest(feature(c.name, c.level, c.how)))
	}
	ask := func(label string, updates ...kmsg.UpdateFeaturesRequestFeatureUpdate) {
		s.ask(label, featuresRequest(updates...))
	}
	ask("none")
	ask("one of two", feature("group.version", 1, upgrade), feature("transaction.version", 9, upgrade))
	ask("the same twice", feature("transaction.version", 2, upgrade), feature("transaction.version", 2, upgrade))
	s.features("after")
}

// changeFeatures changes levels, and sets them back.
func changeFeatures(s *session) {
	ask := func(label string, validate bool, updates ...kmsg.UpdateFeaturesRequestFeatureUpdate) {
		req := featuresRequest(updates...)
		req.ValidateOnly = validate
		s.ask(label, req)
		s.features("after " + label)
		s.groupProtocols(label)
	}
	txn := func(level int16, how int8) kmsg.UpdateFeaturesRequestFeatureUpdate {
		return feature("transaction.version", level, how)
	}
	if s.version > 0 {
		ask("only judged", true, txn(1, safeDowngrade))
		ask("only judged and refused", true, txn(1, upgrade))
	}
	ask("down by one", false, txn(1, safeDowngrade))
	ask("down unsafely", false, txn(0, unsafeDowngrade))
	ask("down below nothing", false, txn(0, safeDowngrade))
	ask("to a newer one downwards", false, txn(2, safeDowngrade))
	ask("up", false, txn(1, upgrade))
	ask("two", false, txn(2, upgrade), feature("group.version", 0, safeDowngrade))
	ask("two more", false, txn(2, upgrade), feature("group.version", 1, upgrade), feature("streams.version", 0, safeDowngrade))
	ask("one of two", false, feature("streams.version", 1, upgrade), feature("group.version", 7, upgrade))
	ask("back", false, feature("streams.version", 1, upgrade))
	if s.version > 0 {
		ask("release judged", true, feature("metadata.version", 32, safeDowngrade))
	}
	ask("dead letters", false, feature("share.version", 1, safeDowngrade))
	ask("share groups", false, feature("share.version", 0, unsafeDowngrade))
	ask("share groups back", false, feature("share.version", 2, upgrade))
	ask("release", false, feature("metadata.version", 32, safeDowngrade))
	ask("release back", false, feature("metadata.version", 33, upgrade))
}

// features records what is finalized once all changes are in force.
func (s *session) features(label string) {
	s.settle()
	s.askAs(label, apiVersionsRequest(4))
}

// groupProtocols asks those APIs of groups that a feature switches off.
func (s *session) groupProtocols(label string) {
	beat := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	beat.Version, beat.Group, beat.MemberID, beat.MemberEpoch = 1, s.name("g"), "m", 7
	s.askAs("consumer heartbeat after "+label, beat)
	s.askAs("consumer groups after "+label,
		&kmsg.ConsumerGroupDescribeRequest{Version: 1, Groups: []string{s.name("g"), s.name("h")}})
	streams := kmsg.NewPtrStreamsGroupHeartbeatRequest()
	streams.Version, streams.Group, streams.MemberID, streams.MemberEpoch = 1, s.name("s"), "m", 7
	s.askAs("streams heartbeat after "+label, streams)
	s.askAs("streams groups after "+label,
		&kmsg.StreamsGroupDescribeRequest{Version: 1, Groups: []string{s.name("s")}})
	s.askAs("share heartbeat after "+label, shareBeat(s.name("q"), "m", 7))
	s.askAs("share groups after "+label, &kmsg.ShareGroupDescribeRequest{Version: 1, GroupIDs: []string{s.name("q")}})
}
