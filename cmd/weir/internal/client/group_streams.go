package client

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// streamsDescription is what is printed of a streams group beside what every group has.
type streamsDescription struct {
	TopologyEpoch int32                `json:"topology_epoch"`
	Subtopologies []streamsSubtopology `json:"subtopologies"`
	Members       []streamsMember      `json:"members"`

	group *kmsg.StreamsGroupDescribeResponseGroup
	at    int32 // the coordinator's node
}

// streamsSubtopology is one connected part of a topology. Partitions of internal topics are 0 until the group can run.
type streamsSubtopology struct {
	ID          string          `json:"id"`
	Sources     []string        `json:"sources"`
	Repartition []internalTopic `json:"repartition_topics"`
	Changelogs  []internalTopic `json:"changelog_topics"`
}

type internalTopic struct {
	Topic      string `json:"topic"`
	Partitions int32  `json:"partitions"`
}

// streamsMember is one member with its tasks, each as SUBTOPOLOGY_PARTITION.
type streamsMember struct {
	Member   string   `json:"member"`
	Process  string   `json:"process"`
	Epoch    int32    `json:"epoch"`
	Active   []string `json:"active"`
	Standby  []string `json:"standby"`
	Awaiting []string `json:"awaiting"` // active tasks that it is to have
}

// streamsGroups describes those of the groups that are streams groups, by name.
func (o *options) streamsGroups(ctx context.Context, adm *kadm.Client, names []string) (map[string]*streamsDescription, error) {
	all := make(map[string]*streamsDescription)
	cl, err := o.dial()
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	versions, err := adm.ApiVersions(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask what brokers serve: %w", err)
	}
	for _, c := range adm.FindGroupCoordinators(ctx, names...).Sorted() {
		if c.Err != nil {
			return nil, fmt.Errorf("find the coordinator of group %q: %w", c.Name, c.Err)
		}
		req := kmsg.NewPtrStreamsGroupDescribeRequest()
		serves := versions[c.NodeID]
		if _, served := serves.KeyMaxVersion(req.Key()); !served {
			continue
		}
		req.Groups = []string{c.Name}
		answer, err := cl.Broker(int(c.NodeID)).RetriableRequest(ctx, req)
		if err != nil {
			return nil, fmt.Errorf("describe streams group %q: %w", c.Name, err)
		}
		for _, g := range answer.(*kmsg.StreamsGroupDescribeResponse).Groups {
			if g.ErrorCode == 0 {
				all[c.Name] = describeStreams(&g, c.NodeID)
			}
		}
	}
	return all, nil
}

func describeStreams(g *kmsg.StreamsGroupDescribeResponseGroup, at int32) *streamsDescription {
	d := &streamsDescription{group: g, at: at, Subtopologies: []streamsSubtopology{}, Members: []streamsMember{}}
	if g.Topology != nil {
		d.TopologyEpoch = g.Topology.Epoch
		for _, s := range g.Topology.Subtopologies {
			d.Subtopologies = append(d.Subtopologies, streamsSubtopology{s.SubtopologyID, s.SourceTopics,
				internalTopics(s.RepartitionSourceTopics), internalTopics(s.StateChangelogTopics)})
		}
	}
	for _, m := range g.Members {
		has := taskNames(m.Assignment.ActiveTasks, nil)
		d.Members = append(d.Members, streamsMember{m.MemberID, m.ProcessID, m.MemberEpoch, has,
			taskNames(m.Assignment.StandbyTasks, nil), taskNames(m.TargetAssignment.ActiveTasks, has)})
	}
	return d
}

func internalTopics(list []kmsg.TopicInfo) []internalTopic {
	all := []internalTopic{}
	for _, t := range list {
		all = append(all, internalTopic{t.Topic, t.NumPartitions})
	}
	return all
}

// taskNames names tasks, but for those that are in another list.
func taskNames(list []kmsg.TaskIDs, but []string) []string {
	all := []string{}
	for _, t := range list {
		for _, p := range t.Partitions {
			if name := fmt.Sprintf("%s_%d", t.SubtopologyID, p); !slices.Contains(but, name) {
				all = append(all, name)
			}
		}
	}
	return all
}

// lag is the lag of the group, in the words that a classic group's comes in. A member has those partitions of the topics that a
// subtopology reads for which it has an active task.
func (d *streamsDescription) lag(ctx context.Context, adm *kadm.Client, name string) (kadm.DescribedGroupLag, error) {
	l := kadm.DescribedGroupLag{Group: name, Coordinator: kadm.BrokerDetail{NodeID: d.at}, State: d.group.State, ProtocolType: "streams"}
	if d.group.AssignorName != nil {
		l.Protocol = *d.group.AssignorName
	}
	reads, partitions := map[string][]string{}, map[string]int{}
	for _, s := range d.Subtopologies {
		reads[s.ID] = s.Sources
		for _, t := range s.Repartition {
			reads[s.ID] = append(reads[s.ID], t.Topic)
		}
	}
	var topics []string
	for _, list := range reads {
		topics = append(topics, list...)
	}
	if len(topics) > 0 {
		details, err := adm.ListTopics(ctx, topics...)
		if err != nil {
			return l, fmt.Errorf("describe the topics of group %q: %w", name, err)
		}
		for _, t := range details {
			partitions[t.Topic] = len(t.Partitions)
		}
	}
	has := owners{}
	for i, m := range d.group.Members {
		l.Members = append(l.Members, kadm.DescribedGroupMember{MemberID: m.MemberID, InstanceID: m.InstanceID, ClientID: m.ClientID,
			ClientHost: m.ClientHost})
		for _, t := range m.Assignment.ActiveTasks {
			for _, topic := range reads[t.SubtopologyID] {
				for _, p := range t.Partitions {
					if int(p) < partitions[topic] {
						has.add(topic, p, i)
					}
				}
			}
		}
	}
	err := addLag(ctx, adm, &l, has)
	return l, err
}

// print shows the topology and the members' tasks as columns.
func (d *streamsDescription) print(o *options, w io.Writer) error {
	topics := func(list []internalTopic) string {
		var names []string
		for _, t := range list {
			names = append(names, fmt.Sprintf("%s:%d", t.Topic, t.Partitions))
		}
		return strings.Join(names, ",")
	}
	t := &table{head: []string{"SUBTOPOLOGY", "SOURCES", "REPARTITION", "CHANGELOGS"}}
	for _, s := range d.Subtopologies {
		t.add(s.ID, strings.Join(s.Sources, ","), topics(s.Repartition), topics(s.Changelogs))
	}
	if err := o.print(w, nil, t); err != nil {
		return err
	}
	t = &table{head: []string{"MEMBER", "PROCESS", "EPOCH", "ACTIVE", "STANDBY", "AWAITING"}}
	for _, m := range d.Members {
		t.add(m.Member, m.Process, m.Epoch, strings.Join(m.Active, ","), strings.Join(m.Standby, ","), strings.Join(m.Awaiting, ","))
	}
	return o.print(w, nil, t)
}
