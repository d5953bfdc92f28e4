package bench

import (
	"bytes"
	"compress/flate"
	"testing"
)

func TestPayloadHasTheWantedSize(t *testing.T) {
	for _, kind := range []string{"random", "compressible", "flights", "flights-json"} {
		c := Default(Produce)
		c.Payload = kind
		values, err := Values(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			if len(v) != c.RecordBytes {
				t.Fatalf("%s: a value of %d bytes; want %d", kind, len(v), c.RecordBytes)
			}
		}
	}
}

// TestPayloadRatio: a codec makes what is compressible smaller by about the ratio, and what is random not at all.
func TestPayloadRatio(t *testing.T) {
	for _, c := range []struct {
		payload     string
		ratio       float64
		least, most float64
	}{{"random", 1, 0.95, 1.05}, {"compressible", 4, 3.3, 4.7}, {"compressible", 1, 0.95, 1.05}} {
		config := Default(Produce)
		config.Payload, config.Ratio = c.payload, c.ratio
		values, err := Values(config)
		if err != nil {
			t.Fatal(err)
		}
		plain := bytes.Join(values[:1000], nil)
		var out bytes.Buffer
		w, err := flate.NewWriter(&out, 5)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(plain); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := float64(len(plain)) / float64(out.Len()); got < c.least || got > c.most {
			t.Errorf("%s with ratio %g compresses %.2f times; want %g to %g", c.payload, c.ratio, got, c.least, c.most)
		}
	}
}

// TestKeyShapes: uniform keys come about equally often, of zipf keys the first ones far more often than the rest.
func TestKeyShapes(t *testing.T) {
	const draws = 200_000
	counts := func(keys string) map[string]int {
		c := Default(Produce)
		c.Keys, c.KeyCount, c.ZipfExponent = keys, 100, 1.2
		k, n := newKeyer(c, 0), map[string]int{}
		for range draws {
			key := k.key()
			if len(key) != keyBytes {
				t.Fatalf("%s: a key of %d bytes; want %d", keys, len(key), keyBytes)
			}
			n[string(key)]++
		}
		return n
	}
	uniform := counts("uniform")
	for key, n := range uniform {
		if n < draws/100*8/10 || n > draws/100*12/10 {
			t.Errorf("uniform: %s came %d times of %d; want a hundredth", key, n, draws)
		}
	}
	if len(uniform) != 100 {
		t.Errorf("uniform: %d keys; want 100", len(uniform))
	}
	zipf := counts("zipf")
	first, second, tenth := zipf["key-00000000"], zipf["key-00000001"], zipf["key-00000009"]
	// The k-th key comes in proportion to 1/(1+k)^1.2.
	if r := float64(first) / float64(second); r < 2.1 || r > 2.5 {
		t.Errorf("zipf: the first key came %.2f times as often as the second; want 2^1.2", r)
	}
	if r := float64(first) / float64(tenth); r < 14 || r > 18 {
		t.Errorf("zipf: the first key came %.2f times as often as the tenth; want 10^1.2", r)
	}
	if c := Default(Produce); newKeyer(c, 0).key() != nil {
		t.Error("none: there is a key")
	}
}
