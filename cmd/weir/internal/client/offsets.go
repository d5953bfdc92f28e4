package client

import (
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// place says where in a partition to begin: an offset, a distance from one of the ends, or a time.
type place struct {
	kind  placeKind
	value int64 // the offset, the distance, or the milliseconds since 1970
}

type placeKind int

const (
	atStart placeKind = iota // the first record there is, or value records after it
	atEnd                    // the next record to be written, or value records before it
	atOffset
	atTime
)

// parsePlace reads start, end, N (an offset), +N (after the start), -N (before the end) or @TIME, where TIME is RFC 3339, a
// date, milliseconds since 1970, or a duration ago such as 90m.
func parsePlace(s string, now time.Time) (place, error) {
	switch s {
	case "start", "earliest", "beginning":
		return place{kind: atStart}, nil
	case "end", "latest":
		return place{kind: atEnd}, nil
	}
	if t, ok := strings.CutPrefix(s, "@"); ok {
		ms, err := parseTime(t, now)
		return place{atTime, ms}, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return place{}, usagef("offset %q is none of start, end, N, +N, -N, @TIME", s)
	}
	switch {
	case s[0] == '+':
		return place{atStart, n}, nil
	case n < 0:
		return place{atEnd, -n}, nil
	default:
		return place{atOffset, n}, nil
	}
}

// parseTime gives milliseconds since 1970.
func parseTime(s string, now time.Time) (int64, error) {
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		return ms, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixMilli(), nil
		}
	}
	if d, err := time.ParseDuration(strings.TrimPrefix(s, "-")); err == nil {
		return now.Add(-d).UnixMilli(), nil
	}
	return 0, usagef("time %q is none of RFC 3339, a date, milliseconds since 1970, a duration ago", s)
}

func (p place) kgo() kgo.Offset {
	switch p.kind {
	case atStart:
		return kgo.NewOffset().AtStart().Relative(p.value)
	case atEnd:
		return kgo.NewOffset().AtEnd().Relative(-p.value)
	case atTime:
		return kgo.NewOffset().AfterMilli(p.value)
	default:
		return kgo.NewOffset().At(p.value)
	}
}
