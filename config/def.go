// Package config is the one table of settings: every broker, topic and group setting that Apache Kafka 4.4
// has, with its type, default, bounds, dynamic scope and meaning, and Weir's own.
//
// Everything else is derived from the table: reading files, environment and flags, the checks of
// CreateTopics and AlterConfigs, what DescribeConfigs lists, and docs/config.md. The package knows
// nothing of the wire: the numbers of Type and Source are the protocol's, so that handlers need no table.
package config

//go:generate go run ./gen ../docs/config.md

// Type is the type of a setting's value; the numbers are DescribeConfigs' own.
type Type int8

// The types of setting.
const (
	Boolean  Type = 1
	String   Type = 2
	Int      Type = 3
	Short    Type = 4
	Long     Type = 5
	Double   Type = 6
	List     Type = 7
	Class    Type = 8
	Password Type = 9
)

// Source says where a value comes from; the numbers are DescribeConfigs' own.
type Source int8

// The sources, strongest first for a topic: topic, broker, default broker, static, default.
const (
	DynamicTopic         Source = 1
	DynamicBroker        Source = 2
	DynamicDefaultBroker Source = 3
	StaticBroker         Source = 4
	Default              Source = 5
	DynamicGroup         Source = 8
)

// Scope says how a broker setting can change while the broker runs (KIP-226).
type Scope int8

// The dynamic scopes.
const (
	ReadOnly    Scope = iota // only by a restart
	PerBroker                // for one broker at a time
	ClusterWide              // for one broker or for all
)

// Def defines one setting.
type Def struct {
	Name    string
	Type    Type
	Default string // meaningless when Null
	Null    bool   // there is no default
	Doc     string // one or two sentences
	Scope   Scope
	// Ignored says that Weir accepts and lists the setting but does not act upon it.
	Ignored bool
	// Own says that the setting is Weir's, not Kafka's.
	Own bool
	// Kafka is Apache Kafka's default where ours differs from it, "" elsewhere.
	Kafka string
	// Broker is, for a topic or group setting, the broker setting that it overrides, "" for none.
	Broker string
	// Synonyms are, for a broker setting, the names that may give its value, strongest first, itself
	// included; nil when it is the only one (log.retention.ms, .minutes, .hours).
	Synonyms []string
	check    check
	factor   int64 // to the unit of the first synonym: log.retention.hours has 3600000
	initial  value // the default, parsed
}

// Sensitive reports whether the value must not be shown.
func (d *Def) Sensitive() bool { return d.Type == Password }
