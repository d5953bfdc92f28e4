package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// groupLags describes groups of either protocol: a broker tells of each only by its own request. Groups that do not exist are
// there with kerr.GroupIDNotFound.
func groupLags(ctx context.Context, adm *kadm.Client, names []string) (kadm.DescribedGroupLags, error) {
	lags, err := adm.Lag(ctx, slices.Clone(names)...)
	if err != nil {
		return nil, fmt.Errorf("describe groups: %w", err)
	}
	var others []string
	for name, l := range lags {
		if errors.Is(l.Error(), kerr.GroupIDNotFound) || l.State == "Dead" {
			others = append(others, name)
		}
	}
	if len(others) == 0 {
		return lags, nil
	}
	described, err := adm.DescribeConsumerGroups(ctx, others...)
	if err != nil && !errors.Is(err, kerr.UnsupportedVersion) {
		return nil, fmt.Errorf("describe groups: %w", err)
	}
	for name, g := range described {
		if g.Err != nil {
			continue
		}
		if lags[name], err = consumerGroupLag(ctx, adm, g); err != nil {
			return nil, err
		}
	}
	return lags, nil
}

// consumerGroupLag is the lag of a group of the consumer protocol, in the words that a classic group's comes in.
func consumerGroupLag(ctx context.Context, adm *kadm.Client, g kadm.DescribedConsumerGroup) (kadm.DescribedGroupLag, error) {
	l := kadm.DescribedGroupLag{Group: g.Group, Coordinator: g.Coordinator, State: g.State, ProtocolType: "consumer",
		Protocol: g.AssignorName}
	committed, err := fetchCommitted(ctx, adm, g.Group)
	if err != nil {
		return l, err
	}
	owners := map[string]map[int32]int{}
	for i, m := range g.Members {
		l.Members = append(l.Members, kadm.DescribedGroupMember{MemberID: m.MemberID, InstanceID: m.InstanceID, ClientID: m.ClientID,
			ClientHost: m.ClientHost})
		m.Assignment.Each(func(topic string, partition int32) {
			if owners[topic] == nil {
				owners[topic] = map[int32]int{}
			}
			owners[topic][partition] = i
			if _, ok := committed.Lookup(topic, partition); !ok {
				committed.Add(kadm.OffsetResponse{Offset: kadm.Offset{Topic: topic, Partition: partition, At: -1, LeaderEpoch: -1}})
			}
		})
	}
	var starts, ends kadm.ListedOffsets
	if topics := committed.Partitions().Topics(); len(topics) > 0 {
		if starts, err = adm.ListStartOffsets(ctx, topics...); err != nil {
			return l, fmt.Errorf("list start offsets: %w", err)
		}
		if ends, err = adm.ListEndOffsets(ctx, topics...); err != nil {
			return l, fmt.Errorf("list end offsets: %w", err)
		}
	}
	l.Lag = kadm.CalculateGroupLagWithStartOffsets(kadm.DescribedGroup{}, committed, starts, ends)
	for topic, partitions := range owners {
		for p, i := range partitions {
			lag := l.Lag[topic][p]
			lag.Member = &l.Members[i]
			l.Lag[topic][p] = lag
		}
	}
	return l, nil
}
