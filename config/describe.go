package config

// Entry is a setting with its value in force, as DescribeConfigs tells it.
type Entry struct {
	Def      *Def
	Name     string
	Value    string
	Null     bool // there is no value
	Source   Source
	ReadOnly bool
	Synonyms []Synonym // every source that has a value, strongest first
}

// Synonym is one source's value for a setting, under the name that source uses.
type Synonym struct {
	Name   string
	Value  string
	Null   bool
	Source Source
}

// DescribeBroker returns every setting of this broker, by ascending name.
func (b *Broker) DescribeBroker() []Entry {
	all := make([]Entry, 0, len(brokerDefs.defs))
	for _, d := range brokerDefs.defs {
		e := Entry{Def: d, Name: d.Name, Source: Default, ReadOnly: d.Scope == ReadOnly}
		chain := d.Synonyms
		if chain == nil {
			chain = []string{d.Name}
		}
		e.Synonyms = b.synonyms(d.Name, chain)
		v := d.initial
		for _, layer := range b.layers {
			if found, ok := layer[d.Name]; ok {
				v = found
				break
			}
		}
		all = append(all, e.finish(v))
	}
	return all
}

// DescribeClusterWide returns the settings that were altered for all brokers, by ascending name.
func (b *Broker) DescribeClusterWide() []Entry {
	var all []Entry
	for _, d := range brokerDefs.defs {
		v, ok := b.clusterWide[d.Name]
		if !ok {
			continue
		}
		e := Entry{Def: d, Name: d.Name, ReadOnly: d.Scope == ReadOnly}
		e.Synonyms = []Synonym{synonym(d, v, DynamicDefaultBroker)}
		all = append(all, e.finish(v))
	}
	return all
}

// DescribeTopic returns every setting of a topic with these overrides, by ascending name.
func (b *Broker) DescribeTopic(overrides map[string]string) []Entry {
	return b.describe(topicDefs, overrides, DynamicTopic)
}

// DescribeGroup returns every setting of a group with these overrides, by ascending name.
func (b *Broker) DescribeGroup(overrides map[string]string) []Entry {
	return b.describe(groupDefs, overrides, DynamicGroup)
}

func (b *Broker) describe(t *table, overrides map[string]string, source Source) []Entry {
	all := make([]Entry, 0, len(t.defs))
	for _, d := range t.defs {
		e := Entry{Def: d, Name: d.Name, Source: Default}
		v := b.topicValue(d, overrides)
		if _, ok := overrides[d.Name]; ok {
			e.Synonyms = append(e.Synonyms, synonym(d, v, source))
		}
		switch {
		case d.Broker != "":
			chain := brokerDefs.byName[d.Broker].Synonyms
			if chain == nil {
				chain = []string{d.Broker}
			}
			e.Synonyms = append(e.Synonyms, b.synonyms(d.Broker, chain)...)
		case source == DynamicGroup && d.initial.set:
			e.Synonyms = append(e.Synonyms, synonym(d, d.initial, Default))
		}
		all = append(all, e.finish(v))
	}
	return all
}

// synonyms lists every source that has a value under one of the names. Kafka leaves out what stands
// before the first entry of the name itself, and so do we: a broker with log.retention.hours and no
// log.retention.ms shows no synonym of retention.ms at all.
func (b *Broker) synonyms(name string, chain []string) []Synonym {
	var all []Synonym
	add := func(layer map[string]value, source Source) {
		for _, n := range chain {
			if v, ok := layer[n]; ok {
				all = append(all, synonym(brokerDefs.byName[n], v, source))
			}
		}
	}
	add(b.perBroker, DynamicBroker)
	add(b.clusterWide, DynamicDefaultBroker)
	add(b.static.given, StaticBroker)
	for _, n := range chain {
		if d := brokerDefs.byName[n]; d.initial.set {
			all = append(all, synonym(d, d.initial, Default))
		}
	}
	for i, s := range all {
		if s.Name == name {
			return all[i:]
		}
	}
	return nil
}

func synonym(d *Def, v value, source Source) Synonym {
	s := Synonym{Name: d.Name, Value: v.text, Null: !v.set, Source: source}
	if d.Sensitive() {
		s.Value, s.Null = "", true
	}
	return s
}

// finish sets the value, hidden where it is sensitive, and the source: that of the strongest synonym.
func (e Entry) finish(v value) Entry {
	e.Value, e.Null = v.text, !v.set
	if e.Def.Sensitive() {
		e.Value, e.Null = "", true
	}
	if len(e.Synonyms) > 0 {
		e.Source = e.Synonyms[0].Source
	} else {
		e.Source = Default
	}
	return e
}
