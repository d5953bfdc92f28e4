package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// groupLags describes groups of the protocols that commit offsets: a broker tells of each only by its own request. Groups that do
// not exist are there with kerr.GroupIDNotFound. Of streams groups it tells more beside.
func (o *options) groupLags(ctx context.Context, adm *kadm.Client, names []string,
) (kadm.DescribedGroupLags, map[string]*streamsDescription, error) {
	lags, err := adm.Lag(ctx, slices.Clone(names)...)
	if err != nil {
		return nil, nil, fmt.Errorf("describe groups: %w", err)
	}
	var others []string
	for name, l := range lags {
		if errors.Is(l.Error(), kerr.GroupIDNotFound) || l.State == "Dead" {
			others = append(others, name)
		}
	}
	if len(others) == 0 {
		return lags, nil, nil
	}
	described, err := adm.DescribeConsumerGroups(ctx, others...)
	if err != nil && !errors.Is(err, kerr.UnsupportedVersion) {
		return nil, nil, fmt.Errorf("describe groups: %w", err)
	}
	for name, g := range described {
		if g.Err != nil {
			continue
		}
		if lags[name], err = consumerGroupLag(ctx, adm, g); err != nil {
			return nil, nil, err
		}
	}
	streams, err := o.streamsGroups(ctx, adm, others)
	if err != nil {
		return nil, nil, err
	}
	for name, g := range streams {
		if lags[name], err = g.lag(ctx, adm, name); err != nil {
			return nil, nil, err
		}
	}
	return lags, streams, nil
}

// owners tells which member has a partition, as an index of the group's members.
type owners map[string]map[int32]int

func (o owners) add(topic string, partition int32, member int) {
	if o[topic] == nil {
		o[topic] = map[int32]int{}
	}
	o[topic][partition] = member
}

// consumerGroupLag is the lag of a group of the consumer protocol, in the words that a classic group's comes in.
func consumerGroupLag(ctx context.Context, adm *kadm.Client, g kadm.DescribedConsumerGroup) (kadm.DescribedGroupLag, error) {
	l := kadm.DescribedGroupLag{Group: g.Group, Coordinator: g.Coordinator, State: g.State, ProtocolType: "consumer",
		Protocol: g.AssignorName}
	has := owners{}
	for i, m := range g.Members {
		l.Members = append(l.Members, kadm.DescribedGroupMember{MemberID: m.MemberID, InstanceID: m.InstanceID, ClientID: m.ClientID,
			ClientHost: m.ClientHost})
		m.Assignment.Each(func(topic string, partition int32) { has.add(topic, partition, i) })
	}
	err := addLag(ctx, adm, &l, has)
	return l, err
}

// addLag tells of what the group has committed and of what its members have.
func addLag(ctx context.Context, adm *kadm.Client, l *kadm.DescribedGroupLag, has owners) error {
	committed, err := fetchCommitted(ctx, adm, l.Group)
	if err != nil {
		return err
	}
	for topic, partitions := range has {
		for p := range partitions {
			if _, ok := committed.Lookup(topic, p); !ok {
				committed.Add(kadm.OffsetResponse{Offset: kadm.Offset{Topic: topic, Partition: p, At: -1, LeaderEpoch: -1}})
			}
		}
	}
	var starts, ends kadm.ListedOffsets
	if topics := committed.Partitions().Topics(); len(topics) > 0 {
		if starts, err = adm.ListStartOffsets(ctx, topics...); err != nil {
			return fmt.Errorf("list start offsets: %w", err)
		}
		if ends, err = adm.ListEndOffsets(ctx, topics...); err != nil {
			return fmt.Errorf("list end offsets: %w", err)
		}
	}
	l.Lag = kadm.CalculateGroupLagWithStartOffsets(kadm.DescribedGroup{}, committed, starts, ends)
	for topic, partitions := range has {
		for p, i := range partitions {
			lag := l.Lag[topic][p]
			lag.Member = &l.Members[i]
			l.Lag[topic][p] = lag
		}
	}
	return nil
}
