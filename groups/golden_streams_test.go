package groups

import (
	"fmt"
	"strings"

	"github.com/cockroachdb/datadriven"
)

// streamsMember is streams GROUP CLIENT [epoch=N] [topology=NAME] [topologyepoch=N] [process=P] [owns=(S_P,...)] [standbys=(S_P,...)]
// [endpoint=HOST] [shutdown], a heartbeat of the streams protocol. Without an epoch it is the one that the client was told last; 0 joins,
// with topology "count" unless another is named.
func (c *conversation) streamsMember(d *datadriven.TestData) string {
	w := words(d)
	client := w[1]
	r := StreamsHeartbeatRequest{
		GroupID: w[0], MemberID: client, Epoch: c.generations[client], EndpointEpoch: -1, ClientID: client, ClientHost: "/10.0.0.1",
		RebalanceTimeoutMs: -1, InstanceID: optional(d, "instance"), Shutdown: flag(d, "shutdown"),
	}
	d.MaybeScanArgs(c.t, "epoch", &r.Epoch)
	if r.Epoch == epochJoin {
		process := option(d, "process", client)
		r.RebalanceTimeoutMs, r.Owned, r.ProcessID = 30_000, &TaskSet{[]Tasks{}, []Tasks{}, []Tasks{}}, &process
		r.Topology = topologies[option(d, "topology", "count")]()
		d.MaybeScanArgs(c.t, "topologyepoch", &r.Topology.Epoch)
	}
	if host := optional(d, "endpoint"); host != nil {
		r.Endpoint = &Endpoint{*host, 80}
	}
	if flag(d, "owns") || flag(d, "standbys") {
		r.Owned = &TaskSet{Active: taskNames(option(d, "owns", "")), Standby: taskNames(option(d, "standbys", "")),
			Warmup: []Tasks{}}
	}
	return c.wait(client, peek(c.StreamsHeartbeat(r), func(a StreamsHeartbeatResponse, err error) string {
		if err != nil {
			return short(err)
		}
		if c.generations[client] = a.Epoch; a.Epoch < 0 {
			c.generations[client] = 0
		}
		text := fmt.Sprintf("epoch %d", a.Epoch)
		if a.Assigned {
			text += " has " + dumpTasks(setOf(&a.Tasks))
		}
		for _, s := range a.Status {
			text += fmt.Sprintf("\n  status %d: %s", s.Code, s.Detail)
		}
		for _, t := range a.Missing {
			text += fmt.Sprintf("\n  to be made: %s with %d partitions", t.Name, t.Partitions)
		}
		for _, e := range a.Endpoints {
			text += fmt.Sprintf("\n  %s serves %v, copies of %v", e.Endpoint.Host, e.Active, e.Standby)
		}
		return text
	}))
}

// taskNames reads S_P,S_P.
func taskNames(s string) []Tasks {
	all := []Tasks{}
	for _, one := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' }) {
		sub, index, _ := strings.Cut(one, "_")
		all = append(all, Tasks{sub, []int32{number(index)}})
	}
	return all
}

// topologies: count reads a and keeps its state in a changelog, by way of a repartition topic; join reads a and b together.
var topologies = map[string]func() *Topology{
	"count": func() *Topology {
		return &Topology{Subtopologies: []Subtopology{
			{ID: "0", Sources: []string{"a"}, Sinks: []string{"again"}},
			{ID: "1", Repartition: []InternalTopic{{Name: "again"}}, Changelogs: []InternalTopic{{Name: "state"}}},
		}}
	},
	"join": func() *Topology {
		return &Topology{Subtopologies: []Subtopology{
			{ID: "0", Sources: []string{"a", "b"}, Copartition: []CopartitionGroup{{Sources: []int16{0, 1}}}},
		}}
	},
	"plain": func() *Topology { return &Topology{Subtopologies: []Subtopology{{ID: "0", Sources: []string{"a"}}}} },
}

// streamsGroup is streamsgroup GROUP ..., which describes groups of the streams protocol.
func (c *conversation) streamsGroup(d *datadriven.TestData) string {
	return now(c, c.DescribeStreams(words(d)), func(all []StreamsDescription) string {
		var out []string
		for _, g := range all {
			if g.Err != nil {
				out = append(out, g.GroupID+" "+short(g.Err))
				continue
			}
			out = append(out, fmt.Sprintf("%s %s epoch=%d target=%d topology=%d", g.GroupID, g.State, g.Epoch, g.TargetEpoch, g.Topology.Epoch))
			for _, m := range g.Members {
				out = append(out, fmt.Sprintf("  %s epoch=%d process=%s has %s of %s", m.MemberID, m.Epoch, m.ProcessID,
					dumpTasks(setOf(&m.Assignment)), dumpTasks(setOf(&m.Target))))
			}
		}
		return strings.Join(out, "\n")
	})
}
