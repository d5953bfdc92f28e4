package config

import (
	"fmt"
	"strings"
)

const markdownHead = `# Settings

<!-- Made by go generate ./config from the table of settings; change the table, not this page. -->

Weir has Apache Kafka's settings under their own names, and some of its own: those that begin with ~weir.~, and ~segment.compression~.
They come from, weakest first:

1. the defaults below;
2. a file of Java properties (~--config~, or ~WEIR_CONFIG~);
3. variables ~KAFKA_…~ by the rule of Apache's container image: ~KAFKA_LOG_RETENTION_HOURS~ is
   ~log.retention.hours~, ~__~ stands for an underscore and ~___~ for a dash; those that the image uses
   itself (~KAFKA_HEAP_OPTS~ and the like) are passed over, and ~CLUSTER_ID~ is ~weir.cluster.id~;
4. variables ~WEIR_…~ by the same rule: ~WEIR_LOG_LEVEL~ is ~weir.log.level~, ~WEIR_NUM_PARTITIONS~ is
   ~num.partitions~;
5. flags ~--set name=value~;
6. for settings that are not read-only, values altered over the wire: for all brokers, then for one.

An unknown name is an error that tells the nearest one. ~weir config~ prints what is in force and from
where. "Changes" says whether a setting can be altered over the wire (~kafka-configs~): *read-only*: no;
*broker*: for one broker; *cluster*: for one or for all. Nothing that names a file, an address or code
can be.

`

// Markdown is the page docs/config.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(markdownHead, "~", "`"))
	idle := func(d *Def) bool { return d.Ignored }
	writeTable(&b, "Weir's own", "", pick(BrokerDefs(), func(d *Def) bool { return d.Own }), true)
	writeTable(&b, "Broker", "", pick(BrokerDefs(), func(d *Def) bool { return !d.Own && !d.Ignored }), true)
	writeTable(&b, "Topic", "", pick(TopicDefs(), func(d *Def) bool { return !d.Ignored }), false)
	writeTable(&b, "Group", "", pick(GroupDefs(), func(d *Def) bool { return !d.Ignored }), false)
	writeTable(&b, "Topic, without effect", "Accepted, stored and described, as clients "+
		"expect; Weir does not act upon them.", pick(TopicDefs(), idle), false)
	writeTable(&b, "Group, without effect", "Accepted, stored and described; they belong to "+
		"group protocols that Weir does not serve.", pick(GroupDefs(), idle), false)
	writeTable(&b, "Broker, without effect", "Accepted and described, so that files made for "+
		"Apache Kafka load; Weir does not act upon them.", pick(BrokerDefs(), idle), true)
	return b.String()
}

func pick(defs []*Def, keep func(d *Def) bool) []*Def {
	var kept []*Def
	for _, d := range defs {
		if keep(d) {
			kept = append(kept, d)
		}
	}
	return kept
}

func writeTable(b *strings.Builder, title, text string, defs []*Def, scopes bool) {
	fmt.Fprintf(b, "## %s\n\n", title)
	if text != "" {
		b.WriteString(text + "\n\n")
	}
	last := "Broker setting"
	if scopes {
		last = "Changes"
	}
	fmt.Fprintf(b, "| Name | Type | Default | Valid | %s | Meaning |\n|---|---|---|---|---|---|\n", last)
	for _, d := range defs {
		column := d.scopeWord()
		if !scopes {
			column = code(d.Broker)
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s |\n", d.Name, strings.ToLower(d.Type.String()),
			d.defaultWords(), strings.ReplaceAll(d.Valid(), "|", "\\|"), column, cell(d.Doc))
	}
	b.WriteString("\n")
}

func (d *Def) scopeWord() string {
	return map[Scope]string{ReadOnly: "read-only", PerBroker: "broker", ClusterWide: "cluster"}[d.Scope]
}

func (d *Def) defaultWords() string {
	words := code(d.Default)
	switch {
	case d.Null:
		words = "unset"
	case d.Default == "":
		words = "empty"
	}
	if d.Kafka != "" {
		words += " (Kafka: " + strings.Trim(d.Kafka, "()") + ")"
	}
	return words
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

// cell keeps a text from ending a table's cell or being taken for markup.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`, "__", `\_\_`).Replace(text)
}
