package bench

import (
	"fmt"
	"math/rand/v2"

	"weir/bench/flights"
)

// distinctBytes is about how much data is made before the clock starts and then written again and again: more than a codec sees
// at a time, so that the repetition does not compress.
const distinctBytes = 16 << 20

// Values gives the values that a workload writes in turn, each of Config.RecordBytes: the same for the same Config.
func Values(c Config) ([][]byte, error) {
	switch c.Payload {
	case "flights":
		return flightValues(c.RecordBytes, func(row flights.Departure) []byte { return []byte(row.Line) })
	case "flights-json":
		return flightValues(c.RecordBytes, flights.Departure.JSON)
	}
	n := min(max(distinctBytes/c.RecordBytes, 64), 1<<18)
	random := rand.NewChaCha8([32]byte{byte(c.Seed), byte(c.Seed >> 8), byte(c.Seed >> 16), byte(c.Seed >> 24)})
	noise := c.RecordBytes
	if c.Payload == "compressible" {
		noise = max(1, int(float64(c.RecordBytes)/c.Ratio))
	}
	const words = "the same words follow in every record and cost a codec next to nothing; "
	all := make([]byte, n*c.RecordBytes)
	values := make([][]byte, n)
	for i := range values {
		v := all[i*c.RecordBytes : (i+1)*c.RecordBytes : (i+1)*c.RecordBytes]
		random.Read(v[:noise])
		for rest := v[noise:]; len(rest) > 0; {
			rest = rest[copy(rest, words):]
		}
		values[i] = v
	}
	return values, nil
}

// flightValues joins rows of the flights data, each as show gives it, up to the wanted size.
func flightValues(size int, show func(flights.Departure) []byte) ([][]byte, error) {
	var values [][]byte
	var v []byte
	for row, err := range flights.January() {
		if err != nil {
			return nil, fmt.Errorf("read flights: %w", err)
		}
		v = append(append(v, show(row)...), '\n')
		if len(v) >= size {
			values = append(values, v[:size:size])
			v = nil
		}
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("records of %d bytes are larger than the flights data", size)
	}
	return values, nil
}

// keyBytes is the size of every key.
const keyBytes = len("key-00000000")

// keyer draws keys.
type keyer struct {
	keys [][]byte
	next func() uint64 // nil: no keys
}

// newKeyer gives the keys of the i-th producer.
func newKeyer(c Config, i int) keyer {
	if c.Keys == "none" {
		return keyer{}
	}
	k := keyer{keys: make([][]byte, c.KeyCount)}
	for n := range k.keys {
		k.keys[n] = fmt.Appendf(nil, "key-%08x", n)
	}
	random := rand.New(rand.NewPCG(c.Seed, uint64(i)))
	if c.Keys == "zipf" {
		k.next = rand.NewZipf(random, c.ZipfExponent, 1, uint64(c.KeyCount-1)).Uint64
	} else {
		k.next = func() uint64 { return random.Uint64N(uint64(c.KeyCount)) }
	}
	return k
}

// key is the next record's, nil where there are none.
func (k keyer) key() []byte {
	if k.next == nil {
		return nil
	}
	return k.keys[k.next()]
}
