package groups

import (
	"fmt"
	"strings"

	"github.com/cockroachdb/datadriven"

	"weir/metadata"
)

// shareMember is share GROUP CLIENT [epoch=N] [topics=(T,...)] [rack=R], a heartbeat of a share group's member. Without an
// epoch it is the one that the client was told last; 0 joins.
func (c *conversation) shareMember(d *datadriven.TestData) string {
	w := words(d)
	client := w[1]
	r := ShareHeartbeatRequest{
		GroupID: w[0], MemberID: client, Epoch: c.generations[client], ClientID: client, ClientHost: "/10.0.0.1",
		RackID: optional(d, "rack"),
	}
	d.MaybeScanArgs(c.t, "epoch", &r.Epoch)
	if flag(d, "topics") {
		r.Topics = strings.FieldsFunc(option(d, "topics", ""), func(r rune) bool { return r == ',' })
	}
	return c.wait(client, peek(c.ShareHeartbeat(r), func(a ShareHeartbeatResponse, err error) string {
		if err != nil {
			return short(err)
		}
		if c.generations[client] = a.Epoch; a.Epoch < 0 {
			c.generations[client] = 0
		}
		text := fmt.Sprintf("epoch %d", a.Epoch)
		if a.Assigned {
			text += " has " + names(a.Assignment)
		}
		if a.HeartbeatIntervalMs != 5000 && a.Epoch >= 0 {
			text += fmt.Sprintf(", next in %d ms", a.HeartbeatIntervalMs)
		}
		var later, atStart []metadata.PartitionID
		for _, p := range a.Initialize {
			if p.FromStart {
				atStart = append(atStart, p.PartitionID)
			} else {
				later = append(later, p.PartitionID)
			}
		}
		if len(later) > 0 {
			text += fmt.Sprintf("\n  in epoch %d to be made: %s", a.GroupEpoch, names(later))
		}
		if len(atStart) > 0 {
			text += fmt.Sprintf("\n  in epoch %d to be made, from the start: %s", a.GroupEpoch, names(atStart))
		}
		return text
	}))
}

// made is made GROUP [failed] T:P ..., which tells that states of partitions have been made, or could not be.
func (c *conversation) made(d *datadriven.TestData) string {
	var list []metadata.PartitionID
	for _, p := range words(d)[1:] {
		if name, index, ok := strings.Cut(p, ":"); ok {
			id := metadata.PartitionID{Index: number(index)}
			copy(id.Topic[:], name)
			list = append(list, id)
		}
	}
	made, failed := list, []metadata.PartitionID(nil)
	if flag(d, "failed") {
		made, failed = nil, list
	}
	return now(c, c.ShareInitialized(words(d)[0], made, failed), func(struct{}) string { return "noted" })
}

// shareStates is states GROUP: of which partitions the group has a state; and with drop, which are to be dropped.
func (c *conversation) shareStates(d *datadriven.TestData) string {
	if flag(d, "drop") {
		return now(c, c.DropShareStates(words(d)[0]), func(s ShareStates) string { return names(s.Partitions) })
	}
	return now(c, c.SharePartitions(words(d)[0]), names)
}

// alterStates is alter GROUP T:P ..., which has states made anew.
func (c *conversation) alterStates(d *datadriven.TestData) string {
	return now(c, c.AlterShareStates(words(d)[0], partitions(words(d)[1:])), func(epoch int32) string { return fmt.Sprintf("in epoch %d", epoch) })
}

// readStates is read GROUP T:P ..., without a member.
func (c *conversation) readStates(d *datadriven.TestData) string {
	return now(c, c.ReadShare(words(d)[0], partitions(words(d)[1:])), func(struct{}) string { return "reads" })
}

func partitions(texts []string) (list []metadata.PartitionID) {
	for _, p := range texts {
		name, index, _ := strings.Cut(p, ":")
		id := metadata.PartitionID{Index: number(index)}
		copy(id.Topic[:], name)
		list = append(list, id)
	}
	return list
}

// dropTopics is drop GROUP T ...: the states of topics are to be dropped; and with done, that they have been.
func (c *conversation) dropTopics(d *datadriven.TestData) string {
	var topics []metadata.TopicID
	for _, name := range words(d)[1:] {
		if name != "done" {
			var id metadata.TopicID
			copy(id[:], name)
			topics = append(topics, id)
		}
	}
	if flag(d, "done") {
		return now(c, c.ShareTopicsDropped(words(d)[0], topics), func(struct{}) string { return "noted" })
	}
	return now(c, c.DropShareTopics(words(d)[0], topics), names)
}

// shareGroup is sharegroup GROUP ..., which describes share groups.
func (c *conversation) shareGroup(d *datadriven.TestData) string {
	return now(c, c.DescribeShare(words(d)), func(all []ShareDescription) string {
		var out []string
		for _, g := range all {
			if g.Err != nil {
				out = append(out, g.GroupID+" "+short(g.Err))
				continue
			}
			out = append(out, fmt.Sprintf("%s %s epoch=%d target=%d assignor=%s", g.GroupID, g.State, g.Epoch, g.TargetEpoch, g.Assignor))
			for _, m := range g.Members {
				out = append(out, fmt.Sprintf("  %s epoch=%d rack=%s topics=%v has %s", m.MemberID, m.Epoch, textOf(m.RackID), m.Topics,
					partitionNames(m.Assignment)))
			}
		}
		return strings.Join(out, "\n")
	})
}

func partitionNames(list []PartitionName) string {
	all := make([]metadata.PartitionID, len(list))
	for i, p := range list {
		all[i] = p.PartitionID
	}
	return names(all)
}

func names(list []metadata.PartitionID) string { return topicNames(dumpPartitions(heldAt(list, -1))) }
