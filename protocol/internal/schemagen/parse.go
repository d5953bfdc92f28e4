package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// message is one definition file (see generator/README in Kafka's source).
type message struct {
	APIKey         int16    `json:"apiKey"`
	Name           string   `json:"name"`
	Type           string   `json:"type"`
	Listeners      []string `json:"listeners"`
	ValidVersions  string   `json:"validVersions"`
	Flexible       string   `json:"flexibleVersions"`
	UnstableLatest bool     `json:"latestVersionUnstable"`
	Fields         []field  `json:"fields"`
	CommonStructs  []field  `json:"commonStructs"`
}

// field is a field of a message or struct; a common struct has no type.
type field struct {
	Name     string  `json:"name"`
	Type     string  `json:"type"`
	Versions string  `json:"versions"`
	Nullable string  `json:"nullableVersions"`
	Tagged   string  `json:"taggedVersions"`
	Tag      *int    `json:"tag"`
	Flexible string  `json:"flexibleVersions"`
	Fields   []field `json:"fields"`
}

// readMessages reads all messages of a kind that have a valid version, in the
// order of their keys.
func readMessages(dir, kind string) ([]message, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*"+kind+".json"))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no %s definitions in %q", kind, dir)
	}
	var all []message
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read definition: %w", err)
		}
		var m message
		if err := json.Unmarshal(stripComments(text), &m); err != nil {
			return nil, fmt.Errorf("parse %s: %w", name, err)
		}
		if m.ValidVersions != "none" {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b message) int { return int(a.APIKey) - int(b.APIKey) })
	return all, nil
}

// stripComments blanks // comments, which JSON does not have.
func stripComments(text []byte) []byte {
	inString := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			inString = !inString
		case text[i] == '\\' && inString:
			i++
		case text[i] == '/' && !inString && i+1 < len(text) && text[i+1] == '/':
			for ; i < len(text) && text[i] != '\n'; i++ {
				text[i] = ' '
			}
		}
	}
	return text
}

// versions is a range, empty when from is above to.
type versions struct{ from, to int }

// openEnd is the end of "3+".
const openEnd = math.MaxInt8

// parseVersions reads "3", "0-5", "3+", "none" and "".
func parseVersions(s string) (versions, error) {
	if s == "none" || s == "" {
		return versions{1, 0}, nil
	}
	from, to, isRange := strings.Cut(s, "-")
	open := strings.HasSuffix(from, "+")
	a, err := strconv.Atoi(strings.TrimSuffix(from, "+"))
	if err != nil {
		return versions{}, fmt.Errorf("versions %q: %w", s, err)
	}
	switch {
	case open:
		return versions{a, openEnd}, nil
	case isRange:
		b, err := strconv.Atoi(to)
		if err != nil {
			return versions{}, fmt.Errorf("versions %q: %w", s, err)
		}
		return versions{a, b}, nil
	}
	return versions{a, a}, nil
}
