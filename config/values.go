package config

import (
	"fmt"
	"strings"
)

// Values are the broker's settings as it was started with: file, environment, flags, defaults. They do
// not change; settings altered over the wire are laid over them by Broker.
type Values struct {
	given   map[string]value  // explicit ones only
	origins map[string]string // where each of given stands
	resolver
}

// Defaults are the values of a broker that is given none.
func Defaults() *Values {
	v, err := newValues(func(string) string { return "" }, nil)
	if err != nil {
		panic("BUG: the default settings contradict each other: " + err.Error())
	}
	return v
}

func newValues(text func(name string) string, origins map[string]string) (*Values, error) {
	v := &Values{given: make(map[string]value), origins: origins}
	v.resolver = resolver{layers: []map[string]value{v.given}}
	var bad []string
	for _, d := range brokerDefs.defs {
		if _, ok := origins[d.Name]; !ok {
			continue
		}
		parsed, err := d.parse(text(d.Name))
		if err != nil {
			bad = append(bad, fmt.Sprintf("%v (%s)", err, origins[d.Name]))
			continue
		}
		v.given[d.Name] = parsed
	}
	if len(bad) == 0 {
		bad = contradictions(v)
	}
	if len(bad) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrInvalid, strings.Join(bad, "; "))
	}
	return v, nil
}

// Line is one setting as `weir config` prints it.
type Line struct {
	Def    *Def
	Value  string // hidden when sensitive
	Null   bool
	Origin string // "default", a variable, a flag or a file
}

// Lines returns every broker setting with its value and where it stands, by ascending name.
func (v *Values) Lines() []Line {
	lines := make([]Line, 0, len(brokerDefs.defs))
	for _, d := range brokerDefs.defs {
		l := Line{Def: d, Value: d.initial.text, Null: !d.initial.set, Origin: "default"}
		if given, ok := v.given[d.Name]; ok {
			l.Value, l.Null, l.Origin = given.text, false, v.origins[d.Name]
		}
		if d.Sensitive() && !l.Null {
			l.Value = "[hidden]"
		}
		lines = append(lines, l)
	}
	return lines
}

// Ignored returns the settings that were given and that Weir does not act upon, by ascending name.
func (v *Values) Ignored() []string {
	var names []string
	for _, d := range brokerDefs.defs {
		if _, ok := v.given[d.Name]; ok && d.Ignored {
			names = append(names, d.Name)
		}
	}
	return names
}

// Given reports whether a setting was given rather than left at its default.
func (v *Values) Given(name string) bool {
	_, ok := v.given[name]
	return ok
}

// BrokerID is node.id, or broker.id where only that was given.
func (v *Values) BrokerID() int32 {
	if old, ok := v.given["broker.id"]; ok && !v.Given("node.id") && old.num >= 0 {
		return int32(old.num)
	}
	return v.Int32("node.id")
}

// contradictions are the mistakes that show only when settings are seen together.
func contradictions(v *Values) []string {
	var bad []string
	add := func(ok bool, format string, args ...any) {
		if !ok {
			bad = append(bad, fmt.Sprintf(format, args...))
		}
	}
	old, hasOld := v.given["broker.id"]
	add(!hasOld || !v.Given("node.id") || old.num == v.Int64("node.id"),
		"broker.id (%d) and node.id (%d) differ", old.num, v.Int64("node.id"))
	least, most := v.Int64("group.min.session.timeout.ms"), v.Int64("group.max.session.timeout.ms")
	add(least <= most, "group.min.session.timeout.ms (%d) > group.max.session.timeout.ms (%d)", least, most)
	dirs := v.List("log.dirs")
	add(len(dirs) == 1 && dirs[0] != "", "log.dirs must name one directory, not %d", len(dirs))
	listeners, err := ParseListeners(v.String("listeners"))
	add(err == nil && len(listeners) > 0, "listeners: %v", orEmpty(err))
	if text := v.String("advertised.listeners"); text != "" && err == nil {
		bad = append(bad, advertisedMistakes(listeners, text)...)
	}
	if err := v.CheckTopic(nil); err != nil {
		bad = append(bad, err.Error())
	}
	return bad
}

func orEmpty(err error) string {
	if err == nil {
		return "there must be at least one"
	}
	return err.Error()
}

func advertisedMistakes(listeners []Listener, text string) []string {
	advertised, err := ParseListeners(text)
	if err != nil {
		return []string{"advertised.listeners: " + err.Error()}
	}
	names := make(map[string]bool)
	for _, l := range listeners {
		names[l.Name] = true
	}
	var bad []string
	for _, l := range advertised {
		if !names[l.Name] {
			bad = append(bad, "advertised.listeners: "+l.Name+" is not in listeners")
		}
		if l.Host == "0.0.0.0" || l.Host == "::" {
			bad = append(bad, "advertised.listeners: clients cannot connect to "+l.Host)
		}
	}
	return bad
}
