// Package filter tells which records a share group wants (weir.share.filter): those whose routing key matches a topic pattern as
// AMQP 0-9-1 has them, or those for which an expression in CEL is true.
package filter

import (
	"fmt"
	"strings"

	"weir/record"
)

// HeaderRoutingKey names the header that holds a record's routing key. Without it the routing key is empty.
const HeaderRoutingKey = "weir.routing.key"

// patternPrefix begins a filter that is a topic pattern; all others are expressions.
const patternPrefix = "pattern:"

// maxText bounds the text of a filter, in bytes.
const maxText = 4096

// Filter is a filter that has been checked. It may be used by several goroutines.
type Filter struct {
	text       string
	pattern    pattern
	expression *expression // nil if it is a pattern
}

// Compile reads a filter: "pattern:" and a topic pattern, or an expression. The error says what is wrong with it, and where.
func Compile(text string) (*Filter, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("the filter has %d bytes, at most %d are allowed", len(text), maxText)
	}
	f := &Filter{text: text}
	if words, ok := strings.CutPrefix(text, patternPrefix); ok {
		var err error
		f.pattern, err = parsePattern(words)
		return f, err
	}
	var err error
	f.expression, err = compileExpression(text)
	return f, err
}

// String is the text that was compiled.
func (f *Filter) String() string { return f.text }

// Match tells whether a record of a partition is wanted. An expression that fails on a record, or takes too long over it, does not
// want it.
func (f *Filter) Match(r *record.Record, partition int32) bool {
	if f.expression == nil {
		return f.pattern.matches(routingKey(r))
	}
	return f.expression.holds(r, partition)
}

// routingKey is the last one that a record has.
func routingKey(r *record.Record) string {
	for i := len(r.Headers) - 1; i >= 0; i-- {
		if r.Headers[i].Key == HeaderRoutingKey {
			return string(r.Headers[i].Value)
		}
	}
	return ""
}
