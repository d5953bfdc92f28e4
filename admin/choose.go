package admin

import (
	"strings"

	"weir/filter"
	"weir/record"
	"weir/share"
)

// letterChoice is which dead letters are meant.
type letterChoice struct {
	filter *filter.Filter // nil for all
	reason string         // a part of it
}

// chooseLetters reads a choice; at is where it stands in the request.
func chooseLetters(at, expression, reason string) (c letterChoice, err error) {
	c.reason = reason
	if expression == "" {
		return c, nil
	}
	if c.filter, err = filter.Compile(expression); err != nil {
		return c, invalid(at+".filter", err.Error())
	}
	return c, nil
}

// picks tells whether a dead letter is meant.
func (c *letterChoice) picks(at letterID, r *record.Record, l share.Letter) bool {
	return strings.Contains(l.Message, c.reason) && (c.filter == nil || c.filter.Match(r, at.partition))
}
