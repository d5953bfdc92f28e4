package client

import (
	"testing"
	"time"
)

func TestParsePlace(t *testing.T) {
	now := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		word string
		want place
	}{
		{"start", place{atStart, 0}},
		{"earliest", place{atStart, 0}},
		{"end", place{atEnd, 0}},
		{"0", place{atOffset, 0}},
		{"17", place{atOffset, 17}},
		{"+5", place{atStart, 5}},
		{"-5", place{atEnd, 5}},
		{"@1700000000000", place{atTime, 1700000000000}},
		{"@2026-01-31", place{atTime, time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC).UnixMilli()}},
		{"@2026-01-31T10:00:00+02:00", place{atTime, time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC).UnixMilli()}},
		{"@90m", place{atTime, now.Add(-90 * time.Minute).UnixMilli()}},
		{"@-90m", place{atTime, now.Add(-90 * time.Minute).UnixMilli()}},
	} {
		got, err := parsePlace(c.word, now)
		if err != nil || got != c.want {
			t.Errorf("parsePlace(%q) = %v, %v; want %v", c.word, got, err, c.want)
		}
	}
	for _, word := range []string{"", "yesterday", "1.5", "@", "@tomorrow", "99999999999999999999"} {
		if got, err := parsePlace(word, now); err == nil {
			t.Errorf("parsePlace(%q) = %v; want an error", word, got)
		}
	}
}
