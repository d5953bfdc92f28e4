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
