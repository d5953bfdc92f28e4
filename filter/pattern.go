package filter

import (
	"errors"
	"fmt"
	"strings"
)

// pattern is the words of a topic pattern: * stands for one word, # for any number of them, also none.
type pattern []string

var errNoPattern = errors.New("the pattern is empty")

func parsePattern(text string) (pattern, error) {
	if text == "" {
		return nil, errNoPattern
	}
	words := strings.Split(text, ".")
	var p pattern
	for _, w := range words {
		if len(w) > 1 && strings.ContainsAny(w, "*#") {
			return nil, fmt.Errorf("%q in the pattern: * and # stand for whole words", w)
		}
		if w == "#" && len(p) > 0 && p[len(p)-1] == "#" {
			continue // one is enough
		}
		p = append(p, w)
	}
	return p, nil
}

// matches tells whether a routing key, words with dots between them, fits the pattern. The empty key has no words. It goes back to
// the last # only, so the time is that of both lengths multiplied, at most.
func (p pattern) matches(key string) bool {
	at, retry := 0, -1 // in the pattern; where it goes on behind the last #
	rest, retryRest := key, ""
	more, retryMore := key != "", false
	for more {
		word, after, again := strings.Cut(rest, ".")
		switch {
		case at < len(p) && p[at] == "#":
			at++
			if at == len(p) {
				return true
			}
			retry, retryRest, retryMore = at, rest, more
		case at < len(p) && (p[at] == "*" || p[at] == word):
			at++
			rest, more = after, again
		case retry >= 0 && retryMore:
			_, retryRest, retryMore = strings.Cut(retryRest, ".")
			at, rest, more = retry, retryRest, retryMore
		default:
			return false
		}
	}
	for at < len(p) && p[at] == "#" {
		at++
	}
	return at == len(p)
}
