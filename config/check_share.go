package config

import (
	"strings"

	"weir/filter"
)

// maxWaitMs bounds delays, times to live and the like: a hundred years.
const maxWaitMs = 100 * 366 * 24 * 3600 * 1000

// recordFilter is a filter of records that compiles.
func recordFilter() check {
	return check{words: "pattern:<topic pattern>, or an expression in CEL", run: func(name string, v value) error {
		if v.text == "" {
			return nil
		}
		if _, err := filter.Compile(v.text); err != nil {
			return refuse(name, v.text, err.Error())
		}
		return nil
	}}
}

// deadLetterTopic is a name that a topic may have. Kafka takes any, and then loses the dead letters.
func deadLetterTopic() check {
	return check{words: "name of a topic", run: func(name string, v value) error {
		bad := strings.ContainsFunc(v.text, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-'
		})
		if bad || len(v.text) > 249 || v.text == "." || v.text == ".." {
			return refuse(name, v.text, "A topic cannot have this name")
		}
		return nil
	}}
}
