package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"weir/metadata"
)

// ResourceKind says what a setting belongs to.
type ResourceKind int8

// The kinds of resource that have settings.
const (
	TopicResource ResourceKind = iota + 1
	BrokerResource
	GroupResource
)

// OpKind is what an incremental change does with a setting (KIP-339); the values are the protocol's.
type OpKind int8

// The kinds of incremental change.
const (
	OpSet OpKind = iota
	OpDelete
	OpAppend
	OpSubtract
)

// ConfigOp is one change to one setting. A nil Value is refused unless the op deletes.
type ConfigOp struct {
	Name  string
	Kind  OpKind
	Value *string
}

// ConfigChange changes the settings of one resource. The name of a broker resource is its id as text, or
// "" for all brokers.
type ConfigChange struct {
	Kind    ResourceKind
	Name    string
	Ops     []ConfigOp
	Replace bool // the ops, all OpSet, are the whole new set of settings (legacy AlterConfigs)
}

// maxGroupNameBytes bounds the keys of group settings well below what stores take.
const maxGroupNameBytes = 16384

// AlterConfigs applies changes, each resource all or nothing; errors stand in the order of changes. It
// returns when what runs matches.
func (c *Cluster) AlterConfigs(ctx context.Context, changes []ConfigChange, validateOnly bool) []error {
	errs := make([]error, len(changes))
	type resource struct {
		kind ResourceKind
		name string
	}
	count := make(map[resource]int)
	for _, ch := range changes {
		count[resource{ch.Kind, ch.Name}]++
	}
	last := int64(-1)
	for i, ch := range changes {
		if count[resource{ch.Kind, ch.Name}] > 1 {
			errs[i] = refuse(ErrInvalidRequest, "Each resource must appear at most once.")
			continue
		}
		var rev int64
		rev, errs[i] = c.alter(ctx, ch, validateOnly)
		last = max(last, rev)
	}
	if last < 0 {
		return errs
	}
	if err := c.awaitApplied(ctx, last); err != nil {
		for i := range errs {
			if errs[i] == nil {
				errs[i] = err
			}
		}
	}
	return errs
}

// alter judges and stores one resource's change; rev is -1 when nothing was stored.
func (c *Cluster) alter(ctx context.Context, ch ConfigChange, validateOnly bool) (rev int64, err error) {
	if err := checkOpsOf(ch); err != nil {
		return -1, err
	}
	c.admin.Lock()
	defer c.admin.Unlock()
	for range planTries {
		key, conds, err := c.target(ctx, ch)
		if err != nil && !errors.Is(err, ErrUnknownTopic) {
			return -1, err
		}
		absent := err // Kafka tells of bad settings before it tells of an unknown topic
		old, next, rev, err := c.altered(ctx, ch, key)
		if err == nil {
			err = absent
		}
		if err != nil || validateOnly || maps.Equal(old, next) {
			return -1, err
		}
		op := Delete(key)
		if len(next) > 0 {
			op = Put(key, encode(configRecord{recordVersion, next}))
		}
		ok, rev, err := c.store.Txn(ctx, append(conds, Cond{Key: key, ModRev: rev}), []Op{op})
		if err != nil {
			return -1, late(err)
		}
		if err := c.awaitImage(ctx, rev); err != nil || ok {
			return rev, err
		}
	}
	return -1, fmt.Errorf("other brokers changed the metadata %d times meanwhile", planTries)
}

// checkOpsOf judges what can be judged without knowing the resource.
func checkOpsOf(ch ConfigChange) error {
	seen := make(map[string]bool, len(ch.Ops))
	var null []string
	for _, op := range ch.Ops {
		if seen[op.Name] {
			return refuse(ErrInvalidRequest, "Error due to duplicate config keys")
		}
		seen[op.Name] = true
		if op.Value == nil && op.Kind != OpDelete {
			null = append(null, op.Name)
		}
		if op.Kind < OpSet || op.Kind > OpSubtract {
			return refuse(ErrInvalidRequest, fmt.Sprintf("Unknown operations type %d", op.Kind))
		}
	}
	if len(null) > 0 {
		return refuse(ErrInvalidRequest, "Null value not supported for : "+strings.Join(null, ", "))
	}
	return nil
}

// target finds the key that holds a resource's settings, and the conditions on which it may be written.
func (c *Cluster) target(ctx context.Context, ch ConfigChange) (key string, conds []Cond, err error) {
	switch ch.Kind {
	case TopicResource:
		return c.topicTarget(ctx, ch.Name)
	case BrokerResource:
		id, err := c.brokerTarget(ch.Name)
		return brokerConfigKey(id), nil, err
	case GroupResource:
		if ch.Name == "" {
			return "", nil, refuse(ErrInvalidRequest, "Default group resources are not allowed.")
		}
		if len(ch.Name) > maxGroupNameBytes {
			return "", nil, refuse(ErrInvalidRequest, "The group name is too long.")
		}
		return groupConfig + ch.Name, nil, nil
	}
	return "", nil, refuse(ErrInvalidRequest, fmt.Sprintf("Unknown resource type %d", ch.Kind))
}

func (c *Cluster) topicTarget(ctx context.Context, name string) (string, []Cond, error) {
	if name == "" {
		return "", nil, refuse(ErrInvalidRequest, "Default topic resources are not allowed.")
	}
	if err := CheckName(name); err != nil {
		return "", nil, err
	}
	t := c.Image().Topic(name)
	if t == nil {
		return "", nil, refuse(ErrUnknownTopic, "The topic '"+name+"' does not exist.")
	}
	rev, err := c.revision(ctx, topicKey(t.ID))
	return topicConfigKey(t.ID), []Cond{{Key: topicKey(t.ID), ModRev: rev}}, err
}

func (c *Cluster) brokerTarget(name string) (int32, error) {
	if name == "" {
		return metadata.DefaultBroker, nil
	}
	id, err := strconv.ParseInt(name, 10, 32)
	if err != nil {
		return 0, refuse(ErrInvalidRequest, "Node id must be an integer, but it is: "+name)
	}
	if int32(id) != c.config.BrokerID {
		return 0, refuse(ErrInvalidRequest, fmt.Sprintf("Unexpected broker id, expected %d, but received %s",
			c.config.BrokerID, name))
	}
	return int32(id), nil
}

// altered computes and judges the settings after a change. An empty key stands for a resource without any.
func (c *Cluster) altered(ctx context.Context, ch ConfigChange, key string,
) (old, next map[string]string, rev int64, err error) {
	var kv KV
	if key != "" {
		if kv, err = c.read(ctx, key); err != nil {
			return nil, nil, 0, err
		}
		if kv.ModRev == 0 {
			kv.Value = nil
		}
		if old, err = configsOf(kv); err != nil {
			return nil, nil, 0, err
		}
	}
	next = make(map[string]string, len(old)+len(ch.Ops))
	if !ch.Replace {
		maps.Copy(next, old)
	}
	for _, op := range ch.Ops {
		if err := c.applyOp(ch.Kind, op, next); err != nil {
			return nil, nil, 0, err
		}
	}
	return old, next, kv.ModRev, c.judge(ch, next)
}

func (c *Cluster) judge(ch ConfigChange, configs map[string]string) error {
	rules := c.config.Rules
	switch {
	case ch.Kind == TopicResource && rules.CheckTopic != nil:
		return judged(rules.CheckTopic(configs), ErrInvalidConfig)
	case ch.Kind == BrokerResource && rules.CheckBroker != nil:
		return judged(rules.CheckBroker(configs, ch.Name == ""), ErrInvalidRequest) // 42, not 40, as in Kafka
	case ch.Kind == GroupResource && rules.CheckGroup != nil:
		return judged(rules.CheckGroup(configs), ErrInvalidConfig)
	}
	return nil
}

func (c *Cluster) applyOp(kind ResourceKind, op ConfigOp, configs map[string]string) error {
	switch op.Kind {
	case OpSet:
		configs[op.Name] = *op.Value
		return nil
	case OpDelete:
		delete(configs, op.Name)
		return nil
	}
	def, isList, known := "", false, true
	if c.config.Rules.List != nil {
		def, isList, known = c.config.Rules.List(kind, op.Name)
	}
	if !isList {
		return notList(kind, op, known)
	}
	text, ok := configs[op.Name]
	if !ok {
		text = def
	}
	configs[op.Name] = strings.Join(edit(split(text), op), ",")
	return nil
}

func notList(kind ResourceKind, op ConfigOp, known bool) error {
	upper, lower := "APPEND", "append"
	if op.Kind == OpSubtract {
		upper, lower = "SUBTRACT", "subtract"
	}
	switch {
	case kind != BrokerResource:
		return refuse(ErrInvalidConfig, "Can't "+upper+" to key "+op.Name+" because its type is not LIST.")
	case !known:
		return refuse(ErrInvalidConfig, "Unknown config name: "+op.Name)
	}
	return refuse(ErrInvalidConfig, "Config value "+lower+" is not allowed for config key: "+op.Name)
}

// split cuts a list at its commas and drops empty items, as Kafka does before it appends.
func split(text string) []string {
	return slices.DeleteFunc(strings.Split(text, ","), func(s string) bool { return s == "" })
}

func edit(items []string, op ConfigOp) []string {
	for _, item := range strings.Split(*op.Value, ",") {
		at := slices.Index(items, item)
		switch {
		case op.Kind == OpAppend && at < 0:
			items = append(items, item)
		case op.Kind == OpSubtract && at >= 0:
			items = slices.Delete(items, at, at+1)
		}
	}
	return items
}
