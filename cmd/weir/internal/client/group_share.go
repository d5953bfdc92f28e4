package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// shareGroups describes those of the groups that are share groups, by name. Several members may have one partition, so that
// partitions name none; what is committed is where the first record is that the group has not settled.
func shareGroups(ctx context.Context, adm *kadm.Client, names []string) (map[string]groupDescription, error) {
	out := make(map[string]groupDescription)
	if len(names) == 0 {
		return out, nil
	}
	described, err := adm.DescribeShareGroups(ctx, names...)
	if errors.Is(err, kerr.UnsupportedVersion) || described == nil && err == nil {
		return out, nil
	}
	if err != nil {
		return nil, fmt.Errorf("describe share groups: %w", err)
	}
	for name, g := range described {
		if g.Err != nil {
			continue
		}
		d := groupDescription{Group: name, State: g.GroupState, ProtocolType: "share", Protocol: g.Assignor,
			Coordinator: g.Coordinator.NodeID, Members: len(g.Members), MemberList: []groupMember{}, Partitions: []partitionLag{}}
		read := make(kadm.TopicsSet)
		for _, m := range g.Members {
			n := 0
			m.Assignment.Each(func(topic string, partition int32) {
				n++
				read.Add(topic, partition)
			})
			d.MemberList = append(d.MemberList, groupMember{m.MemberID, nil, m.ClientID, m.ClientHost, n})
		}
		if err := d.addShareLag(ctx, adm, read); err != nil {
			return nil, err
		}
		out[name] = d
	}
	return out, nil
}

// addShareLag tells of the partitions that the group has begun, and of those that it reads.
func (d *groupDescription) addShareLag(ctx context.Context, adm *kadm.Client, read kadm.TopicsSet) error {
	described, err := adm.DescribeShareGroupOffsets(ctx, d.Group)
	if err != nil && !errors.Is(err, kerr.UnsupportedVersion) {
		return fmt.Errorf("describe offsets of share group %q: %w", d.Group, err)
	}
	offsets := described[d.Group].Offsets
	for _, o := range offsets.Sorted() {
		read.Add(o.Topic, o.Partition)
	}
	if len(read) == 0 {
		return nil
	}
	ends, err := adm.ListEndOffsets(ctx, read.Topics()...)
	if err != nil {
		return fmt.Errorf("list end offsets: %w", err)
	}
	for _, t := range read.Sorted() {
		slices.Sort(t.Partitions)
		for _, i := range t.Partitions {
			end, _ := ends.Lookup(t.Topic, i)
			p := partitionLag{Topic: t.Topic, Partition: i, End: end.Offset}
			if o, known := offsets.Lookup(t.Topic, i); known {
				switch {
				case o.Err != nil:
					p.Error = o.Err.Error()
				case o.StartOffset >= 0:
					p.Committed, p.Lag = &o.StartOffset, max(o.Lag, 0)
				}
			}
			d.Lag += p.Lag
			d.Partitions = append(d.Partitions, p)
		}
	}
	return nil
}
