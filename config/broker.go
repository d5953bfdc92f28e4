package config

import (
	"maps"
	"slices"
	"strings"
)

// Broker is a broker's settings in force at one moment: those it was started with, and over them those
// altered over the wire for all brokers and for this one. It is read-only; a change makes a new one.
type Broker struct {
	static      *Values
	clusterWide map[string]value
	perBroker   map[string]value
	resolver
}

// NewBroker lays dynamic settings over static ones. Those that the table does not know, that may not
// change while the broker runs or that do not parse are passed over.
func NewBroker(static *Values, clusterWide, perBroker map[string]string) *Broker {
	b := &Broker{static: static}
	b.clusterWide, b.perBroker = dynamic(clusterWide, ClusterWide), dynamic(perBroker, PerBroker)
	b.resolver = resolver{layers: []map[string]value{b.perBroker, b.clusterWide, static.given}}
	return b
}

func dynamic(texts map[string]string, least Scope) map[string]value {
	out := make(map[string]value, len(texts))
	for name, text := range texts {
		d := brokerDefs.byName[name]
		if d == nil || d.Scope < least {
			continue
		}
		if v, err := d.parse(text); err == nil {
			out[name] = v
		}
	}
	return out
}

// Static returns the settings that the broker was started with.
func (b *Broker) Static() *Values { return b.static }

// CheckBroker judges the dynamic settings that a broker, or all brokers, would have, as Kafka's
// DynamicBrokerConfig does. Names that the table does not know are kept, as in Kafka.
func CheckBroker(configs map[string]string, clusterWide bool) error {
	var fixed, secure, single []string
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		d := brokerDefs.byName[baseName(name)]
		if d == nil && !outside(name) {
			continue
		}
		switch {
		case d == nil || d.Scope == ReadOnly:
			fixed = append(fixed, name)
		case strings.HasPrefix(name, "ssl."):
			secure = append(secure, name)
		case clusterWide && (d.Scope == PerBroker || d.Name != name):
			single = append(single, name)
		}
	}
	if len(fixed) > 0 {
		return refuseText(fixed[0], "Cannot update these configs dynamically: "+set(fixed))
	}
	if len(secure) > 0 {
		return refuseText(secure[0], "These security configs can be dynamically updated only per-listener "+
			"using the listener prefix: "+set(secure))
	}
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		if d := brokerDefs.byName[baseName(name)]; d != nil {
			if _, err := d.parse(configs[name]); err != nil {
				return err
			}
		}
	}
	if len(single) > 0 {
		return refuseText(single[0], "Cannot update these configs at default cluster level, broker id must "+
			"be specified: "+set(single))
	}
	return nil
}

// set writes names as Java writes a set.
func set(names []string) string { return "[" + strings.Join(names, ", ") + "]" }

// baseName takes the listener's name off listener.name.<listener>.<setting>.
func baseName(name string) string {
	rest, ok := strings.CutPrefix(name, "listener.name.")
	if !ok {
		return name
	}
	_, base, ok := strings.Cut(rest, ".")
	if !ok {
		return name
	}
	return base
}

// outside reports whether a setting that the table does not know looks like a path, an address or code:
// such are never taken over the wire.
func outside(name string) bool {
	for _, end := range []string{".dir", ".dirs", ".file", ".location", ".path", ".url", ".class", ".cmd"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}
