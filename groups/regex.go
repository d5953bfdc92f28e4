package groups

import (
	"errors"
	"regexp"
	"regexp/syntax"

	"weir/metadata"
)

// checkRegex tells whether an expression is one. The syntax is RE2's.
func checkRegex(regex string) error {
	_, err := regexp.Compile(regex)
	if err == nil {
		return nil
	}
	reason := err.Error()
	var parse *syntax.Error
	if errors.As(err, &parse) {
		reason = parse.Code.String()
	}
	return refuse(ErrInvalidRegex, "SubscribedTopicRegex `%s` is not a valid regular expression: %s.", regex, reason)
}

// resolve finds the topics whose whole name an expression matches. Internal topics are not left out: who names
// them means them.
func resolve(regex string, image *metadata.Image, nowMs int64) *resolved {
	found := &resolved{topics: []string{}, version: image.Revision, timestampMs: nowMs}
	if checkRegex(regex) != nil {
		return found // cannot be: it was checked before it was stored, if not by an older program
	}
	matcher, err := regexp.Compile(`\A(?:` + regex + `)\z`)
	if err != nil {
		return found
	}
	for _, t := range image.Topics() {
		if matcher.MatchString(t.Name) {
			found.topics = append(found.topics, t.Name)
		}
	}
	return found
}
