package cluster

import (
	"errors"
	"maps"
	"testing"
)

func set(name, value string) ConfigOp { return ConfigOp{Name: name, Value: &value} }

func alterOne(t *testing.T, c *Cluster, ch ConfigChange) error {
	t.Helper()
	return c.AlterConfigs(t.Context(), []ConfigChange{ch}, false)[0]
}

func TestAlterConfigsIncrementally(t *testing.T) {
	c := open(t, NewMemStore(), testConfig(1))
	create(t, c, plain("p", 1))
	compact, both := "compact", "delete,compact"
	for i, step := range []struct {
		op   ConfigOp
		want map[string]string
	}{
		{set("retention.ms", "5"), map[string]string{"retention.ms": "5"}},
		{ConfigOp{Name: "cleanup.policy", Kind: OpAppend, Value: &compact},
			map[string]string{"retention.ms": "5", "cleanup.policy": "delete,compact"}},
		{ConfigOp{Name: "cleanup.policy", Kind: OpAppend, Value: &both},
			map[string]string{"retention.ms": "5", "cleanup.policy": "delete,compact"}},
		{ConfigOp{Name: "retention.ms", Kind: OpDelete}, map[string]string{"cleanup.policy": "delete,compact"}},
		{ConfigOp{Name: "cleanup.policy", Kind: OpSubtract, Value: &both}, map[string]string{"cleanup.policy": ""}},
		{ConfigOp{Name: "cleanup.policy", Kind: OpDelete}, nil},
		{ConfigOp{Name: "nope", Kind: OpDelete}, nil},
	} {
		ch := ConfigChange{Kind: TopicResource, Name: "p", Ops: []ConfigOp{step.op}}
		if err := alterOne(t, c, ch); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		if got := c.Image().Topic("p").Configs; !maps.Equal(got, step.want) {
			t.Errorf("step %d: got %v; want %v", i, got, step.want)
		}
	}
}

func TestAlterConfigsReplaces(t *testing.T) {
	c := open(t, NewMemStore(), testConfig(1))
	create(t, c, plain("p", 1))
	replace := func(ops ...ConfigOp) ConfigChange {
		return ConfigChange{Kind: TopicResource, Name: "p", Ops: ops, Replace: true}
	}
	for _, op := range []ConfigOp{set("retention.ms", "5"), set("cleanup.policy", "compact")} {
		if err := alterOne(t, c, replace(op)); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.Image().Topic("p").Configs; !maps.Equal(got, map[string]string{"cleanup.policy": "compact"}) {
		t.Errorf("got %v", got)
	}
	if err := alterOne(t, c, replace()); err != nil || len(c.Image().Topic("p").Configs) != 0 {
		t.Errorf("replace by nothing: %v, %v", err, c.Image().Topic("p").Configs)
	}
}

func TestAlterConfigsOfBrokersAndGroups(t *testing.T) {
	s := NewMemStore()
	c := open(t, s, testConfig(1))
	const odd = "group/with\x00 odd ../name"
	errs := c.AlterConfigs(t.Context(), []ConfigChange{
		{Kind: BrokerResource, Name: "1", Ops: []ConfigOp{set("retention.ms", "1")}},
		{Kind: BrokerResource, Name: "", Ops: []ConfigOp{set("retention.ms", "2")}},
		{Kind: GroupResource, Name: odd, Ops: []ConfigOp{set("retention.ms", "3")}},
	}, false)
	for i, err := range errs {
		if err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	img := open(t, s.Snapshot(), testConfig(1)).Image()
	for want, got := range map[string]map[string]string{
		"1": img.BrokerConfig(1), "2": img.BrokerConfig(-1), "3": img.GroupConfig(odd),
	} {
		if got["retention.ms"] != want {
			t.Errorf("got %v; want %s", got, want)
		}
	}
}

// TestAlterConfigsAnswersAsKafka holds the answers that Apache Kafka 4.3.1 gave to the same requests.
func TestAlterConfigsAnswersAsKafka(t *testing.T) {
	c := open(t, NewMemStore(), testConfig(1))
	create(t, c, plain("p", 1))
	five := "5"
	topic := func(name string, ops ...ConfigOp) ConfigChange {
		return ConfigChange{Kind: TopicResource, Name: name, Ops: ops}
	}
	broker := func(name string, ops ...ConfigOp) ConfigChange {
		return ConfigChange{Kind: BrokerResource, Name: name, Ops: ops}
	}
	for _, tt := range []struct {
		change ConfigChange
		kind   error
		want   string
	}{
		{topic("p", set("nope", "1")), ErrInvalidConfig, "Unknown topic config name: nope"},
		{topic("p", ConfigOp{Name: "retention.ms"}), ErrInvalidRequest,
			"Null value not supported for : retention.ms"},
		{topic("p", set("retention.ms", "1"), set("retention.ms", "1")), ErrInvalidRequest,
			"Error due to duplicate config keys"},
		{topic("p", ConfigOp{Name: "retention.ms", Kind: OpAppend, Value: &five}), ErrInvalidConfig,
			"Can't APPEND to key retention.ms because its type is not LIST."},
		{topic("p", ConfigOp{Name: "nope", Kind: OpSubtract, Value: &five}), ErrInvalidConfig,
			"Can't SUBTRACT to key nope because its type is not LIST."},
		{topic("p", ConfigOp{Name: "retention.ms", Kind: 9, Value: &five}), ErrInvalidRequest,
			"Unknown operations type 9"},
		{topic("none", set("retention.ms", "1")), ErrUnknownTopic, "The topic 'none' does not exist."},
		{topic("none", set("retention.ms", "bad")), ErrInvalidConfig,
			"Invalid value bad for configuration retention.ms"},
		{topic("", set("retention.ms", "1")), ErrInvalidRequest, "Default topic resources are not allowed."},
		{topic("a/b", set("retention.ms", "1")), ErrInvalidTopic, "Topic name is invalid: 'a/b' " +
			"contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"},
		{broker("2", set("retention.ms", "1")), ErrInvalidRequest,
			"Unexpected broker id, expected 1, but received 2"},
		{broker("x", set("retention.ms", "1")), ErrInvalidRequest, "Node id must be an integer, but it is: x"},
		{broker("1", set("retention.ms", "bad")), ErrInvalidRequest,
			"Invalid value bad for configuration retention.ms"},
		{broker("1", ConfigOp{Name: "retention.ms", Kind: OpAppend, Value: &five}), ErrInvalidConfig,
			"Config value append is not allowed for config key: retention.ms"},
		{broker("1", ConfigOp{Name: "nope", Kind: OpAppend, Value: &five}), ErrInvalidConfig,
			"Unknown config name: nope"},
		{ConfigChange{Kind: GroupResource, Ops: []ConfigOp{set("retention.ms", "1")}}, ErrInvalidRequest,
			"Default group resources are not allowed."},
		{ConfigChange{Kind: 99, Name: "x"}, ErrInvalidRequest, "Unknown resource type 99"},
	} {
		if err := alterOne(t, c, tt.change); !errors.Is(err, tt.kind) || err.Error() != tt.want {
			t.Errorf("%+v: got %v; want %s", tt.change, err, tt.want)
		}
	}
	twice := c.AlterConfigs(t.Context(), []ConfigChange{topic("p", set("retention.ms", "1")),
		topic("p", set("retention.ms", "2"))}, false)
	if !errors.Is(twice[0], ErrInvalidRequest) || !errors.Is(twice[1], ErrInvalidRequest) {
		t.Errorf("one resource twice: %v", twice)
	}
	only := c.AlterConfigs(t.Context(), []ConfigChange{topic("p", set("retention.ms", "1"))}, true)
	if only[0] != nil || len(c.Image().Topic("p").Configs) != 0 {
		t.Errorf("validate only: %v, %v", only, c.Image().Topic("p").Configs)
	}
}
