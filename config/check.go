package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// check is one bound on a value and how the documentation names it.
type check struct {
	run   func(name string, v value) error
	words string
}

// atLeast bounds a number from below.
func atLeast(least int64) check { return between(least, math.MaxInt64) }

// between bounds a number from both sides, as Kafka's Range does.
func between(least, most int64) check {
	words := fmt.Sprintf("[%d,...]", least)
	if most != math.MaxInt64 {
		words = fmt.Sprintf("[%d,...,%d]", least, most)
	}
	return check{words: words, run: func(name string, v value) error {
		if v.num < least {
			return refuse(name, v.text, fmt.Sprintf("Value must be at least %d", least))
		}
		if v.num > most {
			return refuse(name, v.text, fmt.Sprintf("Value must be no more than %d", most))
		}
		return nil
	}}
}

// fraction bounds a Double.
func fraction(least, most float64) check {
	least2, most2 := bound(least), bound(most)
	return check{words: "[" + least2 + ",...," + most2 + "]", run: func(name string, v value) error {
		if !(v.real >= least) {
			return refuse(name, v.text, "Value must be at least "+least2)
		}
		if v.real > most {
			return refuse(name, v.text, "Value must be no more than "+most2)
		}
		return nil
	}}
}

func bound(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// oneOf demands one of the words, as Kafka's ValidString does.
func oneOf(words ...string) check {
	all := strings.Join(words, ", ")
	return check{words: "[" + all + "]", run: func(name string, v value) error {
		if slices.Contains(words, v.text) {
			return nil
		}
		return refuse(name, v.text, "String must be one of: "+all)
	}}
}

// oneOfFold is oneOf that does not mind upper and lower case.
func oneOfFold(words ...string) check {
	all := strings.Join(words, ", ")
	return check{words: "(case insensitive) [" + all + "]", run: func(name string, v value) error {
		if slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, v.text) }) {
			return nil
		}
		return refuse(name, v.text, "String must be one of (case insensitive): "+all)
	}}
}

// listOf demands a list of words out of the given ones, or of any words when none are given.
func listOf(empty bool, words ...string) check {
	all := strings.Join(words, ", ")
	doc := "list"
	if len(words) > 0 {
		doc = "[" + all + "]"
	}
	return check{words: doc, run: func(name string, v value) error {
		if len(v.list) == 0 && !empty {
			valid := "any non-empty value"
			if len(words) > 0 {
				valid = "[" + all + "]"
			}
			return refuseText(name, "Configuration '"+name+"' must not be empty. "+
				"Valid values include: "+valid)
		}
		return wordsOf(name, v.list, words, all)
	}}
}

func wordsOf(name string, list, words []string, all string) error {
	for _, item := range list {
		if item == "" {
			return refuseText(name, "Configuration '"+name+"' values must not be empty.")
		}
		if len(words) > 0 && !slices.Contains(words, item) {
			return refuse(name, item, "String must be one of: "+all)
		}
	}
	return nil
}

// notEmpty demands a text.
func notEmpty() check {
	return check{words: "non-empty string", run: func(name string, v value) error {
		if v.text == "" {
			return refuse(name, v.text, "String must be non-empty")
		}
		return nil
	}}
}

// gzipLevel is what zlib takes.
func gzipLevel() check {
	return check{words: "[1,...,9] or -1", run: func(name string, v value) error {
		switch {
		case v.num == -1 || v.num >= 1 && v.num <= 9:
			return nil
		default:
			return refuse(name, v.text, "Value must be between 1 and 9 or equal to -1")
		}
	}}
}

// throttled is a list of partition:broker pairs, or a lone *.
func throttled() check {
	const words = "[partitionId]:[brokerId],[partitionId]:[brokerId],..."
	return check{words: words, run: func(name string, v value) error {
		if len(v.list) == 0 || len(v.list) == 1 && v.list[0] == "*" {
			return nil
		}
		for _, item := range v.list {
			partition, broker, ok := strings.Cut(item, ":")
			if !ok || !digits(partition) || !digits(broker) {
				return refuse(name, "["+strings.Join(v.list, ", ")+"]", name+" must be the literal '*' or a list "+
					"of replicas in the following format: "+words)
			}
		}
		return nil
	}}
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// offsetReset is where a share group starts: latest, earliest, or a duration back from now.
func offsetReset() check {
	return check{words: "[latest, earliest, by_duration:PnDTnHnMn.nS]", run: func(name string, v value) error {
		if v.text == "latest" || v.text == "earliest" {
			return nil
		}
		if iso, ok := strings.CutPrefix(v.text, "by_duration:"); ok {
			d, err := ParseDuration(iso)
			if err == nil && d >= 0 {
				return nil
			}
		}
		return refuse(name, v.text, "Invalid value `"+v.text+"` for configuration "+name+
			". The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.")
	}}
}

// ParseDuration reads an ISO 8601 duration of days, hours, minutes and seconds (PnDTnHnMn.nS).
func ParseDuration(iso string) (time.Duration, error) {
	bad := fmt.Errorf("%q is not of the form PnDTnHnMn.nS", iso)
	rest, negative := strings.CutPrefix(strings.ToUpper(iso), "-")
	rest, ok := strings.CutPrefix(rest, "P")
	days, clock, hasTime := strings.Cut(rest, "T")
	if !ok || rest == "" || hasTime && clock == "" {
		return 0, bad
	}
	total, err := parseUnits(days, "D", []time.Duration{24 * time.Hour})
	if err != nil {
		return 0, bad
	}
	more, err := parseUnits(clock, "HMS", []time.Duration{time.Hour, time.Minute, time.Second})
	if err != nil {
		return 0, bad
	}
	if negative {
		return -(total + more), nil
	}
	return total + more, nil
}

// parseUnits reads numbers each followed by one of the letters, in their order.
func parseUnits(s, letters string, units []time.Duration) (time.Duration, error) {
	var total time.Duration
	for s != "" {
		end := strings.IndexAny(s, letters)
		if end <= 0 {
			return 0, strconv.ErrSyntax
		}
		n, err := strconv.ParseFloat(s[:end], 64)
		if err != nil {
			return 0, err
		}
		at := strings.IndexByte(letters, s[end])
		part := n * float64(units[at])
		if math.IsNaN(part) || math.Abs(part) > math.MaxInt64/4 || s[end] != 'S' && n != math.Trunc(n) {
			return 0, strconv.ErrRange
		}
		total += time.Duration(part)
		s, letters, units = s[end+1:], letters[at+1:], units[at+1:]
	}
	return total, nil
}
