package record

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Logs that Apache Kafka 4.3.1 wrote for its own Java producer, one per codec:
// 40 records of text in all.
func TestJavaBatches(t *testing.T) {
	for _, c := range allCodecs[1:] {
		log, err := os.ReadFile(filepath.Join("testdata", "java", c.String()+".log"))
		if err != nil {
			t.Fatal(err)
		}
		records := 0
		for len(log) > 0 {
			h, err := ParseHeader(log)
			if err != nil {
				t.Fatalf("%s: %v", c, err)
			}
			r := clientRules()
			r.FromClient, r.AfterMaxMs = false, 1<<62
			b, err := Validate(log[:h.Size()], r)
			if err != nil || b.Codec() != c || b.Header != h {
				t.Fatalf("%s: %+v, %v", c, b.Header, err)
			}
			for _, rec := range collect(t, b) {
				if !strings.HasPrefix(string(rec.Value), "flight UA") || rec.Offset != int64(records) {
					t.Fatalf("%s: record %d is %q at %d", c, records, rec.Value, rec.Offset)
				}
				records++
			}
			log = log[h.Size():]
		}
		if records != 40 {
			t.Errorf("%s: %d records, want 40", c, records)
		}
	}
}
