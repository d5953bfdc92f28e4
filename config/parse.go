package config

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ErrInvalid is what every refusal of a setting wraps; the error's text is the one Kafka would show.
var ErrInvalid = errors.New("invalid configuration")

// ErrUnknown says that there is no such setting.
var ErrUnknown = errors.New("unknown setting")

// Error is a refusal of one setting.
type Error struct {
	Name string
	text string
	kind error
}

func (e *Error) Error() string { return e.text }

func (e *Error) Unwrap() error { return e.kind }

// refuse words a refusal as Kafka's ConfigException(name, value, why) does.
func refuse(name, val, why string) error {
	text := "Invalid value " + val + " for configuration " + name
	if why != "" {
		text += ": " + why
	}
	return &Error{Name: name, text: text, kind: ErrInvalid}
}

// refuseText is a refusal in the given words.
func refuseText(name, text string) error { return &Error{Name: name, text: text, kind: ErrInvalid} }

// value is a setting's value, parsed. The zero value is "no value" (null).
type value struct {
	set  bool
	text string // canonical: what DescribeConfigs shows
	num  int64
	real float64
	list []string
}

// parse reads text as the setting's type, as Kafka's ConfigDef.parseType does, and checks it.
func (d *Def) parse(text string) (value, error) {
	v, err := parseType(d, text)
	if err != nil {
		return value{}, err
	}
	if d.check.run != nil {
		if err := d.check.run(d.Name, v); err != nil {
			return value{}, err
		}
	}
	return v, nil
}

func parseType(d *Def, text string) (value, error) {
	trimmed := strings.TrimSpace(text)
	v := value{set: true, text: trimmed}
	var err error
	switch d.Type {
	case Boolean:
		return parseBool(d.Name, text, trimmed)
	case Int:
		v.num, err = strconv.ParseInt(trimmed, 10, 32)
	case Short:
		v.num, err = strconv.ParseInt(trimmed, 10, 16)
	case Long:
		v.num, err = strconv.ParseInt(trimmed, 10, 64)
	case Double:
		v.real, err = strconv.ParseFloat(trimmed, 64)
		v.text = javaDouble(v.real, trimmed)
	case List:
		v.list = splitList(trimmed)
		v.text = strings.Join(v.list, ",")
	case String, Class, Password:
	}
	if err != nil {
		return value{}, refuse(d.Name, text, "Not a number of type "+d.Type.String())
	}
	if d.Type == Int || d.Type == Short || d.Type == Long {
		v.text = strconv.FormatInt(v.num, 10)
	}
	return v, nil
}

func parseBool(name, text, trimmed string) (value, error) {
	switch strings.ToLower(trimmed) {
	case "true":
		return value{set: true, text: "true", num: 1}, nil
	case "false":
		return value{set: true, text: "false"}, nil
	}
	return value{}, refuse(name, text, "Expected value to be either true or false")
}

// javaDouble writes numbers of the size that settings have as Java's Double.toString does, and leaves
// others as they were given.
func javaDouble(f float64, given string) string {
	if abs := math.Abs(f); abs != 0 && (abs < 1e-3 || abs >= 1e7) {
		return given
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// splitList cuts at commas and the white space around them; an empty text is an empty list. An item that
// comes again is dropped, as Kafka does since KIP-1161.
func splitList(text string) []string {
	if text == "" {
		return nil
	}
	var parts []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); !slices.Contains(parts, item) {
			parts = append(parts, item)
		}
	}
	return parts
}

// String is Kafka's name of the type.
func (t Type) String() string {
	switch t {
	case Boolean:
		return "BOOLEAN"
	case String:
		return "STRING"
	case Int:
		return "INT"
	case Short:
		return "SHORT"
	case Long:
		return "LONG"
	case Double:
		return "DOUBLE"
	case List:
		return "LIST"
	case Class:
		return "CLASS"
	case Password:
		return "PASSWORD"
	}
	return fmt.Sprintf("Type(%d)", int8(t))
}
