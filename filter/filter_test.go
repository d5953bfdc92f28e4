package filter

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/record"
)

func headers(pairs ...string) (h []record.RecordHeader) {
	for i := 0; i < len(pairs); i += 2 {
		h = append(h, record.RecordHeader{Key: pairs[i], Value: []byte(pairs[i+1])})
	}
	return h
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, keys, others string // separated by spaces; _ is the empty key
	}{
		{"orders.eu", "orders.eu", "orders orders.eu.de orders.us _"},
		{"orders.*.eu", "orders.new.eu orders..eu", "orders.eu orders.new.old.eu"},
		{"orders.*.eu.#", "orders.new.eu orders.new.eu.de orders.new.eu.de.by", "orders.eu orders.new.us.eu"},
		{"#", "_ a a.b", ""},
		{"*", "a", "_ a.b"},
		{"#.eu", "eu a.eu a.b.eu eu.eu", "_ eu.a a.eu.b"},
		{"a.#.b.#.c", "a.b.c a.x.b.c a.b.b.x.c a.b.c.b.c", "a.c a.b a.b.c.d"},
		{"#.#", "_ a", ""},
		{"*.#", "a a.b", "_"},
	} {
		f, err := Compile("pattern:" + c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		for want, keys := range map[bool]string{true: c.keys, false: c.others} {
			for _, key := range strings.Fields(keys) {
				key = strings.Trim(key, "_")
				if got := f.Match(&record.Record{Headers: headers(HeaderRoutingKey, key)}, 0); got != want {
					t.Errorf("%s matches %q: %v", c.pattern, key, got)
				}
			}
		}
	}
}

// TestPatternsAsRegexps compares the matching with regular expressions.
func TestPatternsAsRegexps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "*", "#"}), 1, 7).Draw(t, "pattern")
		key := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 8).Draw(t, "key")
		p, err := parsePattern(strings.Join(words, "."))
		if err != nil {
			t.Fatal(err)
		}
		var exp strings.Builder
		for _, w := range words {
			exp.WriteString(map[string]string{"*": `[^.]+\.`, "#": `([^.]+\.)*`, "a": `a\.`, "b": `b\.`}[w])
		}
		whole := ""
		for _, w := range key {
			whole += w + "."
		}
		want := regexp.MustCompile("^" + exp.String() + "$").MatchString(whole)
		if got := p.matches(strings.Join(key, ".")); got != want {
			t.Fatalf("%v matches %v: %v; want %v", words, key, got, want)
		}
	})
}

func TestExpressions(t *testing.T) {
	r := &record.Record{Offset: 7, Timestamp: 1_700_000_000_000, Key: []byte("eu-1"),
		Headers: headers("amount", "5", "amount", "12", HeaderRoutingKey, "orders.new", "bad", "\xff")}
	for text, want := range map[string]bool{
		`key.startsWith("eu-")`:                               true,
		`int(headers["amount"]) > 10`:                         true,
		`headers["amount"] == "5"`:                            false,
		`headers["none"] == ""`:                               false, // an error
		`int(headers["bad"]) > 0`:                             false, // an error
		`"none" in headers || routing_key.matches("^orders")`: true,
		`partition == 3 && offset == 7`:                       true,
		`timestamp < timestamp("2024-01-01T00:00:00Z")`:       true,
		`timestamp.getFullYear() == 2024`:                     false,
		`has(headers.amount)`:                                 true,
	} {
		f, err := Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := f.Match(r, 3); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// TestRefusals: what cannot be used is refused when it is set, with the place where it is wrong.
func TestRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"pattern:":                "empty",
		"pattern:a.b*":            "whole words",
		"key ==":                  "1:7",
		"key":                     "true or false",
		"value == 'a'":            "undeclared reference",
		"key.matches('(')":        "invalid matches argument",
		strings.Repeat("a", 5000): "5000 bytes",
		strings.Repeat("(", 300) + "true" + strings.Repeat(")", 300): "compile",
	} {
		if _, err := Compile(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v; want something of %q", text, err, want)
		}
	}
}

// TestCostIsBounded: an expression that goes over its input again and again ends without a match.
func TestCostIsBounded(t *testing.T) {
	f, err := Compile(`headers.all(a, headers.all(b, headers.all(c, headers.all(d, a + b + c + d != "x"))))`)
	if err != nil {
		t.Fatal(err)
	}
	var pairs []string
	for i := range 60 {
		pairs = append(pairs, strings.Repeat("h", i+1), "v")
	}
	if f.Match(&record.Record{Headers: headers(pairs...)}, 0) {
		t.Error("it was evaluated to its end")
	}
	if !f.Match(&record.Record{Headers: headers("a", "1")}, 0) {
		t.Error("it does not hold for a record with one header")
	}
}

func FuzzCompile(f *testing.F) {
	f.Add("pattern:a.*.#", "a.b")
	f.Add(`headers["a"] == key && int(key) > 3`, "a")
	f.Fuzz(func(t *testing.T, text, key string) {
		c, err := Compile(text)
		if err != nil {
			return
		}
		c.Match(&record.Record{Key: []byte(key), Headers: headers(HeaderRoutingKey, key, key, text)}, 1)
	})
}

func BenchmarkMatch(b *testing.B) {
	r := &record.Record{Key: []byte("eu-1"), Headers: headers("amount", "12", HeaderRoutingKey, "orders.new.eu.de")}
	for _, text := range []string{"pattern:orders.*.eu.#", `key.startsWith("eu-")`, `int(headers["amount"]) > 10 && routing_key != ""`} {
		f, err := Compile(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.Match(r, 0)
			}
		})
	}
}

// BenchmarkMostCost is a record on which an expression comes to its bound.
func BenchmarkMostCost(b *testing.B) {
	var pairs []string
	for i := range 60 {
		pairs = append(pairs, strings.Repeat("h", i+1), "v")
	}
	for _, text := range []string{
		`headers.all(a, headers.all(b, headers.all(c, headers.all(d, a + b + c + d != "x"))))`,
		`headers.all(a, headers.all(b, headers.all(c, (a + b + c).matches("(h|v|x)*y"))))`,
		`[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, a * b * c * d > 0))))`,
		`key.matches("(a|b|c|.)*y")`,
	} {
		f, err := Compile(text)
		if err != nil {
			b.Fatal(err)
		}
		r := &record.Record{Headers: headers(pairs...), Key: []byte(strings.Repeat("a", 20_000))}
		b.Run(text[:20], func(b *testing.B) {
			for b.Loop() {
				f.Match(r, 0)
			}
		})
	}
}
