package config

// resolver finds a broker setting's value in force: layers of explicit values, strongest first, over the
// defaults of the table. It is read-only.
type resolver struct {
	layers []map[string]value
}

// lookup follows the synonyms of a setting: log.retention.ms, else log.retention.minutes, else
// log.retention.hours, in the unit of the first. A name that is given beats the default of a stronger
// one.
func (r resolver) lookup(name string) value {
	d := brokerDefs.byName[name]
	if d == nil {
		panic("BUG: no broker setting is called " + name)
	}
	chain := d.Synonyms
	if chain == nil || chain[0] != name {
		chain = []string{name}
	}
	for _, layer := range r.layers {
		for _, n := range chain {
			if v, ok := layer[n]; ok && v.set {
				return brokerDefs.byName[n].scaled(v)
			}
		}
	}
	for _, n := range chain {
		if from := brokerDefs.byName[n]; from.initial.set {
			return from.scaled(from.initial)
		}
	}
	return value{}
}

// scaled converts to the unit of the setting that the synonym stands in for. Negative values mean "no
// limit" in every unit.
func (d *Def) scaled(v value) value {
	if d.factor <= 1 {
		return v
	}
	if v.num < 0 {
		return value{set: true, text: "-1", num: -1}
	}
	return number(v.num * d.factor)
}

// Has reports whether the setting has a value at all.
func (r resolver) Has(name string) bool { return r.lookup(name).set }

// String returns a setting's text, "" when it has none.
func (r resolver) String(name string) string { return r.lookup(name).text }

// List returns a list setting's items; nil when it has none. The slice must not be modified.
func (r resolver) List(name string) []string { return r.lookup(name).list }

// Bool returns a Boolean setting.
func (r resolver) Bool(name string) bool { return r.lookup(name).num != 0 }

// Int64 returns a number, 0 when the setting has no value.
func (r resolver) Int64(name string) int64 { return r.lookup(name).num }

// Int32 returns a number of an Int or Short setting.
func (r resolver) Int32(name string) int32 { return int32(r.lookup(name).num) }

// Int returns a number.
func (r resolver) Int(name string) int { return int(r.lookup(name).num) }

// Float64 returns a Double setting.
func (r resolver) Float64(name string) float64 { return r.lookup(name).real }
