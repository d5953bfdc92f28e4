package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

func groupCommand(o *options) *cobra.Command {
	c := &cobra.Command{Use: "group", Aliases: []string{"groups"}, Short: "List, describe, reset and delete groups"}
	c.AddCommand(groupListCommand(o), groupDescribeCommand(o), groupResetCommand(o), groupDeleteOffsetsCommand(o),
		groupDeleteCommand(o))
	return c
}

func groupListCommand(o *options) *cobra.Command {
	var states, types []string
	c := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List groups", Args: Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error {
				groups, err := adm.ListGroupsByType(ctx, types, states...)
				if err != nil {
					return fmt.Errorf("list groups: %w", err)
				}
				type row struct {
					Group       string `json:"group"`
					State       string `json:"state"`
					Type        string `json:"protocol_type"`
					Coordinator int32  `json:"coordinator"`
				}
				out := []row{}
				t := &table{head: []string{"GROUP", "STATE", "PROTOCOL-TYPE", "COORDINATOR"}}
				for _, g := range groups.Sorted() {
					out = append(out, row{g.Group, g.State, g.ProtocolType, g.Coordinator})
					t.add(g.Group, g.State, g.ProtocolType, g.Coordinator)
				}
				return o.print(c.OutOrStdout(), out, t)
			})
		},
	}
	c.Flags().StringSliceVar(&states, "state", nil, "only groups in these states (Empty, Stable, PreparingRebalance ...)")
	c.Flags().StringSliceVar(&types, "type", nil, "only groups of these types (classic, consumer, share, streams)")
	return c
}

func groupDeleteCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "delete GROUP...", Aliases: []string{"rm"}, Short: "Delete groups that have no members, with their offsets",
		Args: Args(cobra.MinimumNArgs(1)), ValidArgsFunction: o.completeGroups,
		RunE: func(c *cobra.Command, names []string) error {
			return o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error {
				answers, err := adm.DeleteGroups(ctx, names...)
				if err != nil && len(answers) == 0 {
					return fmt.Errorf("delete groups: %w", err)
				}
				var failed error
				for _, a := range answers.Sorted() {
					switch {
					case a.Err == nil:
					case errors.Is(a.Err, kerr.GroupIDNotFound):
						failed = errors.Join(failed, notFoundf("group %q does not exist", a.Group))
					default:
						failed = errors.Join(failed, fmt.Errorf("delete group %q: %w", a.Group, a.Err))
					}
				}
				return failed
			})
		},
	}
}

// groupDescription is what is printed of one group.
type groupDescription struct {
	Group        string `json:"group"`
	State        string `json:"state"`
	ProtocolType string `json:"protocol_type"`
	Protocol     string `json:"protocol"`
	Coordinator  int32  `json:"coordinator"`
	Members      int    `json:"members"`
	Lag          int64  `json:"lag"`
	// LagSeconds is how old the oldest record is that the group has still to read.
	LagSeconds *float64       `json:"lag_seconds"`
	MemberList []groupMember  `json:"member_list"`
	Partitions []partitionLag `json:"partitions"`

	Streams *streamsDescription `json:"streams,omitempty"`
}

// groupMember is one member with how many partitions it has.
type groupMember struct {
	Member     string  `json:"member"`
	Instance   *string `json:"instance,omitempty"`
	Client     string  `json:"client"`
	Host       string  `json:"host"`
	Partitions int     `json:"partitions"`
}

type partitionLag struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Committed *int64 `json:"committed"`
	End       int64  `json:"end"`
	Lag       int64  `json:"lag"`
	// LagSeconds is how old the next record is; null where it is not known.
	LagSeconds *float64 `json:"lag_seconds"`
	Member     string   `json:"member,omitempty"`
	Client     string   `json:"client,omitempty"`
	Host       string   `json:"host,omitempty"`
	Error      string   `json:"error,omitempty"`
}

func groupDescribeCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "describe GROUP...", Short: "Show members, assignment, committed offsets and lag of groups",
		Args: Args(cobra.MinimumNArgs(1)), ValidArgsFunction: o.completeGroups,
		RunE: func(c *cobra.Command, names []string) error {
			return o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error {
				lags, streams, err := o.groupLags(ctx, adm, names)
				if err != nil {
					return err
				}
				var missing []string
				for _, l := range lags {
					if errors.Is(l.Error(), kerr.GroupIDNotFound) || l.State == "Dead" && len(l.Lag) == 0 {
						missing = append(missing, l.Group)
					}
				}
				shares, err := shareGroups(ctx, adm, missing)
				if err != nil {
					return err
				}
				out := []groupDescription{}
				for _, l := range lags.Sorted() {
					if g, share := shares[l.Group]; share {
						out = append(out, g)
						continue
					}
					if err := l.Error(); err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
						return fmt.Errorf("describe group %q: %w", l.Group, err)
					}
					if slices.Contains(missing, l.Group) {
						return notFoundf("group %q does not exist", l.Group)
					}
					seconds, err := o.lagSeconds(ctx, l.Lag)
					if err != nil {
						return fmt.Errorf("describe group %q: %w", l.Group, err)
					}
					g := describeGroup(l, seconds)
					g.Streams = streams[l.Group]
					out = append(out, g)
				}
				return o.printGroups(c.OutOrStdout(), out)
			})
		},
	}
}

func describeGroup(l kadm.DescribedGroupLag, seconds map[string]map[int32]float64) groupDescription {
	g := groupDescription{Group: l.Group, State: l.State, ProtocolType: l.ProtocolType, Protocol: l.Protocol,
		Coordinator: l.Coordinator.NodeID, Members: len(l.Members), Lag: l.Lag.Total(), MemberList: []groupMember{}, Partitions: []partitionLag{}}
	has := map[string]int{}
	for _, m := range l.Lag.Sorted() {
		p := partitionLag{Topic: m.Topic, Partition: m.Partition, End: m.End.Offset, Lag: m.Lag}
		if m.Commit.At >= 0 {
			p.Committed = &m.Commit.At
		}
		if m.Member != nil {
			p.Member, p.Client, p.Host = m.Member.MemberID, m.Member.ClientID, m.Member.ClientHost
			has[p.Member]++
		}
		if m.Err != nil {
			p.Error = m.Err.Error()
		}
		p.LagSeconds = ageOf(m, seconds)
		if p.LagSeconds != nil && (g.LagSeconds == nil || *p.LagSeconds > *g.LagSeconds) {
			g.LagSeconds = p.LagSeconds
		}
		g.Partitions = append(g.Partitions, p)
	}
	for _, m := range l.Members {
		g.MemberList = append(g.MemberList, groupMember{m.MemberID, m.InstanceID, m.ClientID, m.ClientHost, has[m.MemberID]})
	}
	return g
}

// ageOf is the lag of a partition in seconds: 0 where there is none, nil where it is not known.
func ageOf(m kadm.GroupMemberLag, seconds map[string]map[int32]float64) *float64 {
	age, known := seconds[m.Topic][m.Partition]
	if !known && (m.Err != nil || m.Commit.At < 0 || m.Lag > 0) {
		return nil
	}
	return &age
}

func (o *options) printGroups(w io.Writer, all []groupDescription) error {
	if o.json {
		return o.print(w, all, nil)
	}
	for i, g := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "group %s  state %s  protocol %s  coordinator %d  members %d  lag %d  seconds %s\n",
			g.Group, g.State, cell(g.Protocol), g.Coordinator, g.Members, g.Lag, cell(g.LagSeconds))
		t := &table{head: []string{"TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "SECONDS", "MEMBER", "CLIENT", "HOST", "ERROR"}}
		for _, p := range g.Partitions {
			t.add(p.Topic, p.Partition, p.Committed, p.End, p.Lag, p.LagSeconds, p.Member, p.Client, p.Host, p.Error)
		}
		for _, m := range g.MemberList {
			if m.Partitions == 0 || g.ProtocolType == "share" { // it stands in no line of its own
				t.add("", "", "", "", "", "", m.Member, m.Client, m.Host, "")
			}
		}
		if err := o.print(w, nil, t); err != nil {
			return err
		}
		if g.Streams != nil {
			if err := g.Streams.print(o, w); err != nil {
				return err
			}
		}
	}
	return nil
}
