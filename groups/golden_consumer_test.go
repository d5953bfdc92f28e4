package groups

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cockroachdb/datadriven"

	"weir/metadata"
)

// cluster TOPIC:PARTITIONS ... is what there is from now on.
func (c *conversation) cluster(d *datadriven.TestData) string {
	topics := make(map[string]int)
	for _, a := range d.CmdArgs {
		name, n, _ := strings.Cut(a.Key, ":")
		topics[name], _ = strconv.Atoi(n)
	}
	c.revision++
	c.SetImage(clusterOf(c.revision, topics))
	return ""
}

// member GROUP CLIENT [epoch=N] [topics=(T,...)] [regex=R] [instance=I] [owns=(T:P,...)] [assignor=A] is a heartbeat of
// the consumer protocol. Without an epoch it is the one that the client was told last; 0 joins.
func (c *conversation) member(d *datadriven.TestData) string {
	w := words(d)
	client := w[1]
	r := ConsumerHeartbeatRequest{
		GroupID: w[0], MemberID: client, Epoch: c.generations[client], ClientID: client, ClientHost: "/10.0.0.1",
		RebalanceTimeoutMs: -1, InstanceID: optional(d, "instance"), Assignor: optional(d, "assignor"),
		RequireMemberID: true,
	}
	d.MaybeScanArgs(c.t, "epoch", &r.Epoch)
	if flag(d, "topics") {
		r.Topics = strings.FieldsFunc(option(d, "topics", ""), func(r rune) bool { return r == ',' })
	}
	r.Regex = optional(d, "regex")
	if r.Epoch == epochJoin {
		r.RebalanceTimeoutMs, r.Owned = 30_000, []metadata.PartitionID{}
	}
	if flag(d, "owns") {
		r.Owned = []metadata.PartitionID{}
		for _, p := range strings.FieldsFunc(option(d, "owns", ""), func(r rune) bool { return r == ',' }) {
			name, index, _ := strings.Cut(p, ":")
			id := metadata.PartitionID{Index: number(index)}
			copy(id.Topic[:], name)
			r.Owned = append(r.Owned, id)
		}
	}
	return c.wait(client, peek(c.ConsumerHeartbeat(r), func(a ConsumerHeartbeatResponse, err error) string {
		if err != nil {
			return short(err)
		}
		if c.generations[client] = a.Epoch; a.Epoch < 0 {
			c.generations[client] = 0
		}
		text := fmt.Sprintf("epoch %d", a.Epoch)
		if a.Assigned {
			text += " has " + topicNames(dumpPartitions(heldAt(a.Assignment, -1)))
		}
		return text
	}))
}

// topicNames shows topics of clusterOf by their names, which are their ids.
func topicNames(text string) string {
	for _, name := range []string{"a", "b", "c", "t", "late"} {
		var id metadata.TopicID
		copy(id[:], name)
		text = strings.ReplaceAll(text, id.String(), name)
	}
	return text
}

// consumers GROUP ... describes groups of the consumer protocol.
func (c *conversation) consumers(d *datadriven.TestData) string {
	return now(c, c.DescribeConsumer(words(d)), func(all []ConsumerDescription) string {
		var out []string
		for _, g := range all {
			if g.Err != nil {
				out = append(out, g.GroupID+" "+short(g.Err))
				continue
			}
			out = append(out, fmt.Sprintf("%s %s epoch=%d target=%d %s", g.GroupID, g.State, g.Epoch, g.TargetEpoch, g.Assignor))
			for _, m := range g.Members {
				line := fmt.Sprintf("  %s/%s epoch=%d classic=%v reads %q %q", m.MemberID, textOf(m.InstanceID), m.Epoch,
					m.Classic, m.Topics, text(m.Regex))
				out = append(out, line+" has "+shown(m.Assignment)+" of "+shown(m.Target))
			}
		}
		return strings.Join(out, "\n")
	})
}

func shown(list []PartitionName) string {
	var all []string
	for _, p := range list {
		all = append(all, fmt.Sprintf("%s:%d", p.Topic, p.Index))
	}
	return "[" + strings.Join(all, " ") + "]"
}
