package cluster

import (
	"errors"
	"math"
	"strings"
	"testing"

	"weir/metadata"
)

func text(s string) *string { return &s }

// TestCreateTopicsAnswersAsKafka holds the answers that Apache Kafka 4.3.1 gave to the same requests.
func TestCreateTopicsAnswersAsKafka(t *testing.T) {
	c := open(t, NewMemStore(), testConfig(1))
	create(t, c, plain("a_b", 1))
	long := strings.Repeat("x", 250)
	assign := func(replicas ...[]int32) map[int32][]int32 {
		m := make(map[int32][]int32)
		for i, r := range replicas {
			m[int32(i)] = r
		}
		return m
	}
	for _, tt := range []struct {
		topic NewTopic
		kind  error
		want  string
	}{
		{plain("", 1), ErrInvalidTopic, "Topic name is invalid: the empty string is not allowed"},
		{plain(".", 1), ErrInvalidTopic, "Topic name is invalid: '.' is not allowed"},
		{plain("..", 1), ErrInvalidTopic, "Topic name is invalid: '..' is not allowed"},
		{plain("a/b", 1), ErrInvalidTopic, "Topic name is invalid: 'a/b' contains one or more characters other " +
			"than ASCII alphanumerics, '.', '_' and '-'"},
		{plain("a\x00b", 1), ErrInvalidTopic, "Topic name is invalid: 'a\x00b' contains one or more characters " +
			"other than ASCII alphanumerics, '.', '_' and '-'"},
		{plain(long, 1), ErrInvalidTopic, "Topic name is invalid: the length of '" + long +
			"' is longer than the max allowed length 249"},
		{plain("a.b", 1), ErrTopicCollision, "Topic 'a.b' collides with existing topic: a_b"},
		{plain("a.b", 1), ErrInvalidTopic, "Topic 'a.b' collides with existing topic: a_b"},
		{plain("a_b", 0), ErrTopicExists, "Topic 'a_b' already exists."},
		{plain("__cluster_metadata", 1), ErrInvalidRequest,
			"Creation of internal topic __cluster_metadata is prohibited."},
		{plain("__consumer_offsets", 1), ErrInvalidTopic,
			"Topic '__consumer_offsets' is internal and made by the broker itself."},
		{plain("n", 0), ErrInvalidPartitions, "Number of partitions was set to an invalid non-positive value."},
		{plain("n", -2), ErrInvalidPartitions, "Number of partitions was set to an invalid non-positive value."},
		{plain("n", 10001), ErrPolicyViolation, "Excessively large number of partitions per request."},
		{plain("n", math.MaxInt32), ErrPolicyViolation, "Excessively large number of partitions per request."},
		{NewTopic{Name: "n", Partitions: 1}, ErrInvalidReplicationFactor,
			"Replication factor must be larger than 0, or -1 to use the default value."},
		{NewTopic{Name: "n", Partitions: 1, Replication: -2}, ErrInvalidReplicationFactor,
			"Replication factor must be larger than 0, or -1 to use the default value."},
		{NewTopic{Name: "n", Partitions: 1, Replication: -1, Assignment: assign([]int32{1})}, ErrInvalidRequest,
			"A manual partition assignment was specified, but numPartitions was not set to -1."},
		{NewTopic{Name: "n", Partitions: -1, Replication: 1, Assignment: assign([]int32{1})}, ErrInvalidRequest,
			"A manual partition assignment was specified, but replication factor was not set to -1."},
		{NewTopic{Name: "n", Partitions: -1, Replication: -1, Assignment: assign([]int32{9})}, ErrInvalidAssignment,
			"The manual partition assignment includes broker 9, but no such broker is registered."},
		{NewTopic{Name: "n", Partitions: -1, Replication: -1, Assignment: assign([]int32{1, 1})},
			ErrInvalidAssignment, "The manual partition assignment includes the broker 1 more than once."},
		{NewTopic{Name: "n", Partitions: -1, Replication: -1, Assignment: assign([]int32{})}, ErrInvalidAssignment,
			"The manual partition assignment includes an empty replica list."},
		{NewTopic{Name: "n", Partitions: -1, Replication: -1, Assignment: map[int32][]int32{0: {1}, 2: {1}}},
			ErrInvalidAssignment, "partitions should be a consecutive 0-based integer sequence"},
		{NewTopic{Name: "n", Partitions: 1, Replication: 1, Configs: map[string]*string{"retention.ms": nil}},
			ErrInvalidConfig, "Null value not supported for topic configs: retention.ms"},
		{NewTopic{Name: "n", Partitions: 1, Replication: 1, Configs: map[string]*string{"nope": text("1")}},
			ErrInvalidConfig, "Unknown topic config name: nope"},
	} {
		for _, validateOnly := range []bool{true, false} {
			r := c.CreateTopics(t.Context(), []NewTopic{tt.topic}, validateOnly)[0]
			if !errors.Is(r.Err, tt.kind) || r.Err.Error() != tt.want || r.Topic != nil {
				t.Errorf("%q: got %v; want %s", tt.topic.Name, r.Err, tt.want)
			}
		}
	}
	if got := len(c.Image().Topics()); got != 1 {
		t.Errorf("%d topics after refusals; want 1", got)
	}
}

func TestCreateTopics(t *testing.T) {
	s := NewMemStore()
	conf := testConfig(1)
	conf.DefaultPartitions, conf.DefaultReplication = 3, 2
	c := open(t, s, conf)
	dry := c.CreateTopics(t.Context(), []NewTopic{plain("v", 1)}, true)[0]
	if dry.Err != nil || len(dry.Topic.Partitions) != 1 {
		t.Errorf("validate only: %+v", dry)
	}
	if c.Image().Topic("v") != nil {
		t.Error("validate only has created")
	}
	made := create(t, c,
		NewTopic{Name: "defaults", Partitions: -1, Replication: -1},
		NewTopic{Name: "clamped", Partitions: 1, Replication: 3},
		NewTopic{Name: "chosen", Partitions: -1, Replication: -1, Assignment: map[int32][]int32{0: {1}, 1: {1}}},
		NewTopic{Name: "set", Partitions: 1, Replication: 1,
			Configs: map[string]*string{"retention.ms": text("5")}},
		NewTopic{Name: OffsetsTopic, Partitions: 2, Replication: 1, Internal: true})
	for i, want := range []int{3, 1, 2, 1, 2} {
		got := c.Image().Topic(made[i].Name)
		if len(got.Partitions) != want || len(got.Partitions[0].Replicas) != 1 {
			t.Errorf("%s: %+v; want %d partitions with one replica", made[i].Name, got, want)
		}
	}
	if got := c.Image().Topic("set").Configs["retention.ms"]; got != "5" {
		t.Errorf("retention.ms %q", got)
	}
	if !c.Image().Topic(OffsetsTopic).Internal || c.Image().Topic("set").Internal {
		t.Error("the internal mark is wrong")
	}
	results := c.CreateTopics(t.Context(), []NewTopic{plain("x", 1), plain("y", 1), plain("x", 1)}, false)
	if !errors.Is(results[0].Err, ErrInvalidRequest) || results[1].Err != nil ||
		!errors.Is(results[2].Err, ErrInvalidRequest) {
		t.Errorf("twice in one request: %+v", results)
	}
	conf.StrictReplication = true
	strict := open(t, s, conf)
	r := strict.CreateTopics(t.Context(), []NewTopic{{Name: "n", Partitions: 1, Replication: 3}}, false)[0]
	if !errors.Is(r.Err, ErrInvalidReplicationFactor) || !strings.Contains(r.Err.Error(), "only 1 broker(s)") {
		t.Errorf("strict: %v", r.Err)
	}
}

func TestDeleteTopics(t *testing.T) {
	s := NewMemStore()
	c := open(t, s, testConfig(1))
	made := create(t, c, plain("a", 3), plain("b", 1), plain("c", 1), plain("d", 1))
	results := c.DeleteTopics(t.Context(), []TopicRef{
		{Name: "a"}, {ID: made[1].ID}, {Name: "none"}, {ID: metadata.TopicID{9}}, {Name: "c"}, {Name: "c"},
		{Name: "d"}, {ID: made[3].ID},
	})
	for i, want := range []error{nil, nil, ErrUnknownTopic, ErrUnknownTopicID,
		ErrInvalidRequest, ErrInvalidRequest, ErrInvalidRequest, ErrInvalidRequest} {
		if !errors.Is(results[i].Err, want) {
			t.Errorf("%d: got %v; want %v", i, results[i].Err, want)
		}
	}
	if results[1].Name != "b" || results[0].Topic.ID != made[0].ID {
		t.Errorf("results %+v", results[:2])
	}
	if c.Image().Topic("a") != nil || c.Image().TopicByID(made[1].ID) != nil || c.Image().Topic("c") == nil {
		t.Error("the image does not show the deletion")
	}
	again := create(t, c, plain("a", 1))[0]
	if again.ID == made[0].ID || again.Partitions[0].LeaderEpoch != 0 {
		t.Errorf("made anew: %+v", again)
	}
	if got := content(t, s, partsPart+made[0].ID.String()); got != "" {
		t.Errorf("left over: %s", got)
	}
}

func TestCreatePartitionsAnswersAsKafka(t *testing.T) {
	c := open(t, NewMemStore(), testConfig(1))
	create(t, c, plain("p", 3))
	for _, tt := range []struct {
		ask  NewPartitions
		kind error
		want string
	}{
		{NewPartitions{Name: "p", Count: 3}, ErrInvalidPartitions, "Topic already has 3 partition(s)."},
		{NewPartitions{Name: "p", Count: 2}, ErrInvalidPartitions,
			"The topic p currently has 3 partition(s); 2 would not be an increase."},
		{NewPartitions{Name: "none", Count: 4}, ErrUnknownTopic, ErrUnknownTopic.Error()},
		{NewPartitions{Name: "p", Count: math.MaxInt32}, ErrPolicyViolation,
			"Excessively large number of partitions per request."},
		{NewPartitions{Name: "p", Count: 5, Assignment: [][]int32{{1}}}, ErrInvalidAssignment,
			"Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified."},
		{NewPartitions{Name: "p", Count: 4, Assignment: [][]int32{{7}}}, ErrInvalidAssignment,
			"The manual partition assignment includes broker 7, but no such broker is registered."},
	} {
		r := c.CreatePartitions(t.Context(), []NewPartitions{tt.ask}, false)[0]
		if !errors.Is(r.Err, tt.kind) || r.Err.Error() != tt.want {
			t.Errorf("%+v: got %v; want %s", tt.ask, r.Err, tt.want)
		}
	}
	if text, ok := ClientText(refuse(ErrUnknownTopic, "")); ok || text != "" {
		t.Errorf("a refusal without text has %q", text)
	}
	grow := []NewPartitions{{Name: "p", Count: 5, Assignment: [][]int32{{1}, {1}}}}
	for _, validateOnly := range []bool{true, false} {
		r := c.CreatePartitions(t.Context(), grow, validateOnly)[0]
		want := map[bool]int{true: 3, false: 5}[validateOnly]
		if got := len(c.Image().Topic("p").Partitions); r.Err != nil || got != want {
			t.Errorf("validate only %v: %d partitions; want %d; %v", validateOnly, got, want, r.Err)
		}
	}
}
