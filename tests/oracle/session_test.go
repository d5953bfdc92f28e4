package oracle

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// namePrefix begins every topic and group name that a scenario makes.
const namePrefix = "oracle-"

// scenario is one conversation, held with both brokers at each of its versions.
type scenario struct {
	key      int16
	name     string
	min, max int16 // versions of the API under test; set by the list from apis unless the scenario narrows them
	run      func(s *session)
}

// step is what one request of a scenario got.
type step struct {
	label string
	lines map[string]string
}

// session is a scenario running against one broker.
type session struct {
	broker  endpoint
	version int16  // of the API under test
	prefix  string // of the names this run makes, the same at both brokers
	normal  *normal
	wire    *wire
	steps   []step
	markers int           // topics made by settle
	limit   time.Duration // for an answer
}

// failure ends a scenario whose preparation went wrong; thrown by session methods, caught by hold.
type failure struct{ err error }

// caught is deferred by who performs steps: a failure becomes an error with the step's name.
func caught(label string, err *error) {
	if r := recover(); r != nil {
		f, ok := r.(failure)
		if !ok {
			panic(r)
		}
		*err = fmt.Errorf("%s: %w", label, f.err)
	}
}

// hold runs a scenario at one version against one broker.
func hold(sc scenario, version int16, run string, b endpoint) (steps []step, err error) {
	name := strings.ReplaceAll(sc.name, " ", "-")
	prefix := fmt.Sprintf("%s%s-%d-%d-%s-", namePrefix, run, sc.key, version, name)
	s := &session{broker: b, version: version, prefix: prefix, limit: answerLimit}
	s.normal = &normal{host: b.host, port: b.port, prefix: prefix, ids: map[[16]byte]string{},
		made: map[string]string{}}
	defer func() {
		if s.wire != nil {
			s.wire.conn.Close()
		}
		if r := recover(); r != nil {
			f, ok := r.(failure)
			if !ok {
				panic(r)
			}
			steps, err = s.steps, f.err
		}
	}()
	sc.run(s)
	return s.steps, nil
}

// name is a topic or group name of this run.
func (s *session) name(n string) string { return s.prefix + n }

// line opens the connection when there is none.
func (s *session) line() *wire {
	if s.wire == nil {
		w, err := dial(s.broker.addr())
		if err != nil {
			panic(failure{err})
		}
		s.wire = w
	}
	return s.wire
}

// hangUp closes the connection; the next request opens another.
func (s *session) hangUp() {
	if s.wire != nil {
		s.wire.conn.Close()
		s.wire = nil
	}
}

// ask sends req at the scenario's version and records the answer, which is nil when there was none.
func (s *session) ask(label string, req kmsg.Request) kmsg.Response {
	req.SetVersion(s.version)
	return s.askAs(label, req)
}

// askAs sends req at the version it carries and records the answer.
func (s *session) askAs(label string, req kmsg.Request) kmsg.Response {
	resp, err := s.line().ask(req, s.limit)
	s.record(label, resp, err)
	return resp
}

// record adds the outcome of one request.
func (s *session) record(label string, resp kmsg.Response, err error) {
	st := step{label: label}
	switch {
	case errors.Is(err, errClosed), errors.Is(err, errSilent):
		st.lines = map[string]string{"connection": err.Error()}
		s.hangUp()
	case err != nil:
		panic(failure{fmt.Errorf("%s: %w", label, err)})
	default:
		st.lines = s.normal.lines(resp)
	}
	s.steps = append(s.steps, st)
}

// note records a fact that the scenario worked out itself.
func (s *session) note(label, what string) {
	s.steps = append(s.steps, step{label: label, lines: map[string]string{"note": what}})
}

// frame sends bytes as one frame and records whether the connection was closed or an answer of which code
// came. ahead is what the answer to key at version would look like, nil when only open or closed matters.
func (s *session) frame(label string, frame []byte, like kmsg.Request) {
	w := s.line()
	if err := w.send(frame); err != nil {
		s.record(label, nil, err)
		return
	}
	_, body, err := w.receive(s.limit)
	if err != nil {
		s.record(label, nil, err)
		return
	}
	if like == nil {
		s.note(label, "answered")
		return
	}
	resp, err := decode(like, body)
	s.record(label, resp, err)
}

// must sends a request of the preparation, at the version it carries, and records nothing.
func (s *session) must(req kmsg.Request) kmsg.Response {
	resp, err := s.line().ask(req, answerLimit)
	if err != nil {
		panic(failure{fmt.Errorf("prepare %s v%d: %w", kmsg.NameForKey(req.Key()), req.GetVersion(), err)})
	}
	s.normal.learn(reflectOf(resp))
	return resp
}

// check stops the scenario when a preparation was refused.
func (s *session) check(what string, code int16) {
	if code != 0 {
		panic(failure{fmt.Errorf("prepare: %s: code %d", what, code)})
	}
}

// topic creates a topic and returns its name and id.
func (s *session) topic(name string, partitions int32, configs ...string) (string, [16]byte) {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Version, req.TimeoutMillis = 7, 10000
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = s.name(name), partitions, 1
	for _, kv := range configs {
		k, v, _ := strings.Cut(kv, "=")
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = k, &v
		t.Configs = append(t.Configs, c)
	}
	req.Topics = append(req.Topics, t)
	resp := s.must(req).(*kmsg.CreateTopicsResponse)
	s.check("create topic", resp.Topics[0].ErrorCode)
	s.ready(t.Topic, partitions)
	return t.Topic, resp.Topics[0].TopicID
}

// ready waits until every partition of a new topic has a leader that serves it.
func (s *session) ready(topic string, partitions int32) {
	req := kmsg.NewPtrListOffsetsRequest()
	req.Version, req.ReplicaID = 4, -1
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic = topic
	for i := range partitions {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = i, -1
		t.Partitions = append(t.Partitions, p)
	}
	req.Topics = append(req.Topics, t)
	for range 500 {
		led := true
		for _, p := range s.must(req).(*kmsg.ListOffsetsResponse).Topics[0].Partitions {
			led = led && p.ErrorCode == 0
		}
		if led {
			return
		}
		pause()
	}
	panic(failure{fmt.Errorf("prepare: topic %s has no leader", topic)})
}

// topicID returns the id the broker gave a topic, zero when it does not exist.
func (s *session) topicID(topic string) [16]byte {
	req := kmsg.NewPtrMetadataRequest()
	req.Version, req.AllowAutoTopicCreation = 12, false
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = &topic
	req.Topics = append(req.Topics, t)
	return s.must(req).(*kmsg.MetadataResponse).Topics[0].TopicID
}

// settle returns when the changes of settings made so far are in force. A Kafka answers before that; but it
// applies changes of metadata in their order, so a topic made afterwards is not led before.
func (s *session) settle() {
	s.markers++
	s.topic(fmt.Sprintf("marker-%d", s.markers), 1)
}
