package config

import (
	"maps"
	"slices"
	"strconv"
)

// TopicConfig is what a topic's settings come to: its overrides over the broker's settings.
type TopicConfig struct {
	values map[string]value
}

func number(n int64) value { return value{set: true, text: strconv.FormatInt(n, 10), num: n} }

// Topic returns what a topic with these overrides has. Overrides that the table does not know or that do
// not parse are passed over: they were checked when they were stored.
func (r resolver) Topic(overrides map[string]string) TopicConfig {
	c := TopicConfig{values: make(map[string]value, len(topicDefs.defs))}
	for _, d := range topicDefs.defs {
		c.values[d.Name] = r.topicValue(d, overrides)
	}
	return c
}

func (r resolver) topicValue(d *Def, overrides map[string]string) value {
	if text, ok := overrides[d.Name]; ok {
		if v, err := d.parse(text); err == nil {
			return v
		}
	}
	if d.Broker != "" {
		if v := r.lookup(d.Broker); v.set {
			return v
		}
	}
	return d.initial
}

// CheckTopic judges the overrides of a topic as Kafka's LogConfig.validate does.
func (r resolver) CheckTopic(overrides map[string]string) error {
	names := slices.Sorted(maps.Keys(overrides))
	for _, name := range names {
		if topicDefs.byName[name] == nil {
			return refuseText(name, "Unknown topic config name: "+name)
		}
	}
	for _, name := range names {
		if _, err := topicDefs.byName[name].parse(overrides[name]); err != nil {
			return err
		}
	}
	c := r.Topic(overrides)
	least, most := c.Int64("min.compaction.lag.ms"), c.Int64("max.compaction.lag.ms")
	if least > most {
		return refuseText("min.compaction.lag.ms", "conflict topic config setting min.compaction.lag.ms ("+
			strconv.FormatInt(least, 10)+") > max.compaction.lag.ms ("+strconv.FormatInt(most, 10)+")")
	}
	if c.Bool("remote.storage.enable") {
		return refuseText("remote.storage.enable", "Tiered Storage functionality is disabled in the broker. "+
			"Topic cannot be configured with remote log storage.")
	}
	return nil
}

// CheckTopic judges one topic setting by itself.
func CheckTopic(name, text string) error {
	d := topicDefs.byName[name]
	if d == nil {
		return refuseText(name, "Unknown topic config name: "+name)
	}
	_, err := d.parse(text)
	return err
}

// String returns a setting's text.
func (c TopicConfig) String(name string) string { return c.values[name].text }

// List returns a list setting's items. The slice must not be modified.
func (c TopicConfig) List(name string) []string { return c.values[name].list }

// Bool returns a Boolean setting.
func (c TopicConfig) Bool(name string) bool { return c.values[name].num != 0 }

// Int64 returns a number.
func (c TopicConfig) Int64(name string) int64 { return c.values[name].num }

// Int32 returns a number of an Int setting.
func (c TopicConfig) Int32(name string) int32 { return int32(c.values[name].num) }

// Float64 returns a Double setting.
func (c TopicConfig) Float64(name string) float64 { return c.values[name].real }
