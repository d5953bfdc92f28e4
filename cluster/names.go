package cluster

import (
	"strings"
	"unicode/utf16"

	"weir/metadata"
)

// Names of Kafka's internal topics.
const (
	OffsetsTopic      = "__consumer_offsets"
	TransactionsTopic = "__transaction_state"
	ShareStateTopic   = "__share_group_state"
	kraftTopic        = "__cluster_metadata"
)

// maxNameChars is the longest topic name.
const maxNameChars = 249

// Internal reports whether a topic name belongs to one of Kafka's internal topics.
func Internal(name string) bool {
	return name == OffsetsTopic || name == TransactionsTopic || name == ShareStateTopic
}

// CheckName judges a topic name as Kafka's Topic.validate does.
func CheckName(name string) error {
	why := ""
	switch {
	case name == "":
		why = "the empty string is not allowed"
	case name == "." || name == "..":
		why = "'" + name + "' is not allowed"
	case len(name) > maxNameChars && len(utf16.Encode([]rune(name))) > maxNameChars: // Java counts so
		why = "the length of '" + name + "' is longer than the max allowed length 249"
	case strings.ContainsFunc(name, illegal):
		why = "'" + name + "' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
	default:
		return nil
	}
	return refuse(ErrInvalidTopic, "Topic name is invalid: "+why)
}

func illegal(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	return !letter && !(r >= '0' && r <= '9') && r != '.' && r != '_' && r != '-'
}

// collision returns an existing topic whose name differs from this one only in '.' for '_'.
func collision(img *metadata.Image, name string) (string, bool) {
	if !strings.ContainsAny(name, "._") {
		return "", false
	}
	for _, t := range img.Topics() {
		if t.Name != name && alike(t.Name, name) {
			return t.Name, true
		}
	}
	return "", false
}

// alike compares names with '.' and '_' taken for the same, as metric names do.
func alike(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] && !(strings.IndexByte("._", a[i]) >= 0 && strings.IndexByte("._", b[i]) >= 0) {
			return false
		}
	}
	return true
}
