package report

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// none stands where there is no number.
const none = "–"

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// number writes v with three significant digits, and with all digits and commas from 1000 on.
func number(v float64) string {
	switch a := math.Abs(v); {
	case !finite(v):
		return none
	case a >= 1e12:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case a >= 999.5:
		return commas(strconv.FormatFloat(v, 'f', 0, 64))
	case a >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 0.9995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case a >= 1e-4:
		return strconv.FormatFloat(v, 'f', 2-int(math.Floor(math.Log10(a))), 64)
	case v == 0:
		return "0"
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

func commas(digits string) string {
	digits, minus := strings.CutPrefix(digits, "-")
	var b strings.Builder
	if minus {
		b.WriteByte('-')
	}
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// tick writes a number on an axis: no zeros behind the point.
func tick(v float64, unit string) string {
	scaled, unit := scale(v, unit)
	text := number(scaled)
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return strings.TrimSpace(text + " " + unit)
}

// measure writes v with its unit, in the unit's multiple that reads best.
func measure(v float64, unit string) string {
	scaled, unit := scale(v, unit)
	if !finite(v) || unit == "" {
		return number(scaled)
	}
	return number(scaled) + " " + unit
}

// scale gives v in the multiple of its unit that reads best.
func scale(v float64, unit string) (float64, string) {
	by, name := multiple(v, unit)
	return v / by, name
}

// multiple is how many of a unit a larger or smaller one has, and its name, for figures as large as v.
func multiple(v float64, unit string) (float64, string) {
	a := math.Abs(v)
	switch {
	case unit == "us" && a >= 1e6:
		return 1e6, "s"
	case unit == "us" && a >= 1e3:
		return 1e3, "ms"
	case unit == "us":
		return 1, "µs"
	case unit == "s" && a < 1 && a > 0:
		return 1e-3, "ms"
	case (unit == "MiB" || unit == "MiB/s") && a >= 10*1024:
		return 1024, strings.Replace(unit, "MiB", "GiB", 1)
	}
	return 1, unit
}

// size writes a number of bytes.
func size(bytes float64) string {
	for _, unit := range []string{"B", "KiB", "MiB"} {
		if math.Abs(bytes) < 1024 {
			return number(bytes) + " " + unit
		}
		bytes /= 1024
	}
	return number(bytes) + " GiB"
}

// clock writes how long something took.
func clock(d time.Duration) string {
	if d < time.Minute {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	}
	return d.Round(time.Second).String()
}
