package record

import (
	"fmt"
	"testing"
)

// BenchmarkValidate measures the gate that every produced batch passes.
func BenchmarkValidate(b *testing.B) {
	for _, c := range allCodecs {
		for _, n := range []int{1, 100, 5000} {
			b.Run(fmt.Sprintf("codec=%s/records=%d", c, n), func(b *testing.B) {
				raw := sample(c, n).Raw
				plain := sample(None, n)
				rules := clientRules()
				b.SetBytes(int64(len(plain.Raw)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Validate(raw, rules); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkValidateLarge is the case of few, large records.
func BenchmarkValidateLarge(b *testing.B) {
	bl := NewBuilder(Options{})
	for range 10 {
		bl.Append(testNow, nil, make([]byte, 100_000))
	}
	raw := bl.Build().Raw
	rules := clientRules()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Validate(raw, rules); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRecords walks decoded records.
func BenchmarkRecords(b *testing.B) {
	batch := sample(None, 1000)
	b.SetBytes(int64(len(batch.Raw)))
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range batch.Records(0) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
