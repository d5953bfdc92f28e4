package groups

import (
	"fmt"
	"strings"

	"github.com/cockroachdb/datadriven"
)

// join GROUP CLIENT [protocols=(NAME:TOPIC+TOPIC,...)] [type=consumer] [instance=I] [session=10s]
// [rebalance=60s] [id=ID] [skip] [old]: old clients join in one step.
func (c *conversation) join(d *datadriven.TestData) string {
	w := words(d)
	client := w[1]
	r := JoinRequest{
		GroupID: w[0], MemberID: option(d, "id", c.members[client]), InstanceID: optional(d, "instance"),
		ClientID: client, ClientHost: "/10.0.0.1", ProtocolType: option(d, "type", "consumer"),
		SessionTimeoutMs:     durationMs(option(d, "session", "10s")),
		RebalanceTimeoutMs:   durationMs(option(d, "rebalance", "60s")),
		RequireKnownMemberID: !flag(d, "old"), SupportsSkippingAssignment: flag(d, "skip"),
		Reason: "test",
	}
	if r.GroupID == "-" {
		r.GroupID = ""
	}
	r.Protocols = protocolsOf(option(d, "protocols", "range:t"), r.ProtocolType)
	return c.wait(client, peek(c.Join(r), func(j JoinResponse, err error) string {
		if j.MemberID != "" {
			c.members[client] = j.MemberID
		}
		if err != nil {
			return short(err)
		}
		c.generations[client] = j.Generation
		out := fmt.Sprintf("joined as %s generation=%d protocol=%s/%s leader=%s", j.MemberID, j.Generation,
			textOf(j.ProtocolType), textOf(j.Protocol), j.Leader)
		if j.SkipAssignment {
			out += " skip-assignment"
		}
		for _, m := range j.Members {
			id := m.MemberID
			if m.InstanceID != nil {
				id += "/" + *m.InstanceID
			}
			topics, _ := parseSubscription(m.Metadata)
			out += fmt.Sprintf("\n  %s reads %s", id, strings.Join(topics, " "))
		}
		return out
	}))
}

func protocolsOf(s, protocolType string) []Protocol {
	var all []Protocol
	for p := range strings.SplitSeq(s, ",") {
		name, topics, _ := strings.Cut(p, ":")
		switch {
		case name == "":
		case protocolType == consumerProtocolType && topics != "?":
			all = append(all, Protocol{name, subscription(strings.Split(topics, "+")...)})
		default:
			all = append(all, Protocol{name, []byte(topics)})
		}
	}
	return all
}

// sync GROUP CLIENT [assign=(CLIENT:DATA,...)] [generation=N] [protocol=P] [instance=I]
func (c *conversation) sync(d *datadriven.TestData) string {
	w := words(d)
	client := w[1]
	r := SyncRequest{
		GroupID: w[0], Generation: c.generations[client], MemberID: option(d, "id", c.members[client]),
		InstanceID: optional(d, "instance"), Protocol: optional(d, "protocol"),
		ProtocolType: optional(d, "type"),
	}
	d.MaybeScanArgs(c.t, "generation", &r.Generation)
	for a := range strings.SplitSeq(option(d, "assign", ""), ",") {
		if name, data, ok := strings.Cut(a, ":"); ok {
			r.Assignments = append(r.Assignments, Assignment{c.members[name], []byte(data)})
		}
	}
	return c.wait(client, peek(c.Sync(r), func(s SyncResponse, err error) string {
		if err != nil {
			return short(err)
		}
		protocol := textOf(s.ProtocolType) + "/" + textOf(s.Protocol)
		return fmt.Sprintf("assigned %q protocol=%s", s.Assignment, protocol)
	}))
}

// heartbeat GROUP CLIENT [generation=N] [instance=I]
func (c *conversation) heartbeat(d *datadriven.TestData) string {
	w := words(d)
	client := w[1]
	r := HeartbeatRequest{
		GroupID: w[0], Generation: c.generations[client], MemberID: option(d, "id", c.members[client]),
		InstanceID: optional(d, "instance"),
	}
	d.MaybeScanArgs(c.t, "generation", &r.Generation)
	return c.wait(client, peek(c.Heartbeat(r), func(_ HeartbeatResponse, err error) string {
		if err != nil {
			return short(err)
		}
		return "alive"
	}))
}

// leave GROUP [CLIENT ...] [instances=(I,...)]
func (c *conversation) leave(d *datadriven.TestData) string {
	w := words(d)
	r := LeaveRequest{GroupID: w[0]}
	for _, client := range w[1:] {
		who := LeaveMember{MemberID: c.members[client], InstanceID: optional(d, "with"), Reason: "test"}
		r.Members = append(r.Members, who)
	}
	if flag(d, "instances") {
		for i := range strings.SplitSeq(option(d, "instances", ""), ",") {
			r.Members = append(r.Members, LeaveMember{InstanceID: &i})
		}
	}
	return now(c, c.Leave(r), func(l LeaveResponse) string {
		var out []string
		for _, m := range l.Members {
			result := "left"
			if m.Err != nil {
				result = short(m.Err)
			}
			out = append(out, fmt.Sprintf("%s/%s %s", m.MemberID, textOf(m.InstanceID), result))
		}
		return strings.Join(out, ", ")
	})
}

// forget CLIENT: the client starts anew, without a member id.
func (c *conversation) forget(d *datadriven.TestData) string {
	delete(c.members, words(d)[0])
	return ""
}
