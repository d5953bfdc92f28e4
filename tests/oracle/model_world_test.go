package oracle

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// actorCount is how many members a group of the model has at most. Each topic has a number of partitions that is
// divisible by every smaller number, so that a uniform assignment gives the same number to each.
const (
	actorCount      = 4
	modelPartitions = 12
)

// modelTopics are those that members of the model may read.
var modelTopics = []string{"ta", "tb"}

// world is one broker with one group, its members, and what was heard of it since the last step.
type world struct {
	broker endpoint
	kind   groupKind
	prefix string
	group  string
	normal *normal
	line   *wire // for all that is answered at once
	actors []*actor
	ids    map[string][16]byte // of topics
	names  map[[16]byte]string

	heard map[string]string // answers, by who got them

	before map[string]string // what was said about the group before it came to another broker
	err    error
}

// newWorld makes the topics if there are none, and waits until the coordinator knows them.
func newWorld(b endpoint, prefix string, kind groupKind) (w *world, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(failure)
			if !ok {
				panic(r)
			}
			err = f.err
		}
	}()
	s := &session{broker: b, prefix: prefix, limit: answerLimit,
		normal: &normal{host: b.host, port: b.port, prefix: prefix, ids: map[[16]byte]string{}, made: map[string]string{}}}
	defer s.hangUp()
	w = &world{broker: b, kind: kind, prefix: prefix, group: prefix + "group", normal: s.normal,
		ids: map[string][16]byte{}, names: map[[16]byte]string{}, heard: map[string]string{}}
	for _, name := range modelTopics {
		topic, id := prefix+name, s.topicID(prefix+name)
		if id == ([16]byte{}) {
			_, id = s.topic(name, modelPartitions)
		}
		w.ids[topic], w.names[id] = id, topic
	}
	s.assigned(prefix+modelTopics[len(modelTopics)-1], namePrefix+"probe-of-"+prefix)
	for i := range actorCount {
		w.actors = append(w.actors, &actor{name: fmt.Sprintf("a%d", i)})
	}
	w.line, err = dial(b.addr())
	return w, err
}

func (w *world) close() {
	w.line.conn.Close()
	for _, a := range w.actors {
		if a.line != nil {
			a.line.conn.Close()
		}
	}
}

// perform does one step. What it hears is kept; a broken connection ends the script.
func (w *world) perform(a action) {
	defer caught(a.label, &w.err)
	a.run(w)
}

// ask sends a request that is answered at once.
func (w *world) ask(clientID string, req kmsg.Request) kmsg.Response {
	w.line.corr++
	f := kmsg.NewRequestFormatter(kmsg.FormatterClientID(clientID))
	if err := w.line.send(f.AppendRequest(nil, req, w.line.corr)[4:]); err != nil {
		panic(failure{err})
	}
	resp, err := w.line.answer(req, answerLimit)
	if err != nil {
		panic(failure{fmt.Errorf("%s v%d: %w", kmsg.NameForKey(req.Key()), req.GetVersion(), err)})
	}
	return resp
}

// hear keeps an answer for the comparison.
func (w *world) hear(who string, resp kmsg.Response) {
	for path, value := range w.lines(resp) {
		w.heard[who+": "+kmsg.NameForKey(resp.Key())+" "+path] = value
	}
}

// numbers is a list of partitions as normal prints it.
var numbers = regexp.MustCompile(`^\[[0-9 ]*\]$`)

// lines are the comparable lines of an answer. Where it is the assignor's free choice who gets which partitions, only
// their number is left.
func (w *world) lines(resp kmsg.Response) map[string]string {
	lines := w.normal.lines(resp)
	for path, value := range lines {
		if w.kind.loose() && strings.HasSuffix(path, "Partitions") && numbers.MatchString(value) {
			lines[path] = fmt.Sprintf("%d partitions", len(strings.Fields(strings.Trim(value, "[]"))))
		}
	}
	return lines
}

// look gives all that was heard and all that can be asked about the group.
func (w *world) look() map[string]string {
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(failure)
			if !ok {
				panic(r)
			}
			w.err = f.err
		}
	}()
	if w.err != nil {
		return nil
	}
	w.collect()
	seen := maps.Clone(w.heard)
	add := func(what string, req kmsg.Request) {
		resp := w.ask(clientID, req)
		switch r := resp.(type) {
		case *kmsg.DescribeGroupsResponse:
			w.readable(r)
		case *kmsg.ListGroupsResponse:
			r.Groups = slices.DeleteFunc(r.Groups, func(g kmsg.ListGroupsResponseGroup) bool { return g.Group != w.group })
		}
		for path, value := range w.lines(resp) {
			seen[what+" "+path] = value
		}
	}
	add("described", &kmsg.DescribeGroupsRequest{Version: 6, Groups: []string{w.group}})
	add("consumers", &kmsg.ConsumerGroupDescribeRequest{Version: 1, Groups: []string{w.group}})
	add("listed", &kmsg.ListGroupsRequest{Version: 5})
	add("rebalancing", &kmsg.ListGroupsRequest{Version: 5, StatesFilter: []string{"PreparingRebalance",
		"completingrebalance", "Assigning", "Reconciling"}})
	add("stable consumers", &kmsg.ListGroupsRequest{Version: 5, StatesFilter: []string{"Stable"},
		TypesFilter: []string{"consumer"}})
	add("committed", &kmsg.OffsetFetchRequest{Version: 8, Groups: []kmsg.OffsetFetchRequestGroup{
		{Group: w.group, MemberEpoch: -1}}})
	for _, a := range w.actors {
		seen[a.name+" is"] = a.status()
	}
	return seen
}

// readable decodes what a classic group's members said and were told.
func (w *world) readable(d *kmsg.DescribeGroupsResponse) {
	for i := range d.Groups {
		for j := range d.Groups[i].Members {
			m := &d.Groups[i].Members[j]
			m.MemberAssignment = []byte(w.told(m.MemberAssignment))
			m.ProtocolMetadata = []byte(w.said(m.ProtocolMetadata))
		}
	}
}

// told is an assignment of the classic protocol in words.
func (w *world) told(data []byte) string {
	if len(data) == 0 {
		return ""
	}
	var a kmsg.ConsumerMemberAssignment
	if err := a.ReadFrom(data); err != nil {
		return fmt.Sprintf("unreadable %q", data)
	}
	var topics []string
	for _, t := range a.Topics {
		slices.Sort(t.Partitions)
		text := fmt.Sprintf("%s%v", strings.TrimPrefix(t.Topic, w.prefix), t.Partitions)
		if w.kind.loose() {
			text = fmt.Sprintf("%s(%d)", strings.TrimPrefix(t.Topic, w.prefix), len(t.Partitions))
		}
		topics = append(topics, text)
	}
	slices.Sort(topics)
	return fmt.Sprintf("v%d %s", a.Version, strings.Join(topics, " "))
}

// said is what a classic member says about itself. What it owns is left out where that is the assignor's choice.
func (w *world) said(data []byte) string {
	var m kmsg.ConsumerMemberMetadata
	if w.kind.loose() && m.ReadFrom(data) == nil {
		return fmt.Sprintf("v%d %s %q", m.Version, m.Topics, m.UserData)
	}
	return string(data)
}

// barrier returns when what was sent before has been seen by the coordinator (see settings).
func (w *world) barrier() {
	for range 2 {
		w.ask(clientID, &kmsg.DescribeGroupsRequest{Version: 5, Groups: []string{w.group}})
	}
}
