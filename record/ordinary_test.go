package record

import "testing"

// What is passed as ordinary is what the walk that explains finds whole, in order and inside the rules.
func FuzzOrdinary(f *testing.F) {
	for _, n := range []int{1, 3, 10} {
		f.Add(sample(None, n).Raw[HeaderSize:], int32(n), uint8(0), int64(testNow))
	}
	f.Add([]byte{14, 0, 0, 0, 1, 2, 'v', 0, 16, 0, 0, 2, 1, 2, 'v', 2, 1}, int32(2), uint8(1), int64(testNow))
	f.Fuzz(func(t *testing.T, section []byte, count int32, bits uint8, base int64) {
		section = append(section, make([]byte, ordinaryAhead)...) // so that the fast loop looks at all of it
		rules := clientRules()
		rules.RequireKeys = bits&1 != 0
		if bits&2 != 0 {
			rules.TimestampType = LogAppendTime
		}
		rules.BeforeMaxMs = int64(bits>>4) * 3_600_000
		b := Batch{Header: Header{BaseTimestamp: base}}
		if bits&4 != 0 {
			b.setTimestampType(LogAppendTime)
		}
		maxRecord := int64(1) << (bits >> 3)
		o := ordinaryOf(&b, &rules, maxRecord)
		end, passed := o.pass(section, 0, 0, count)
		c, newest, headers := cursor{b: section, limit: noLimit}, int64(NoTimestamp), false
		for i := range passed {
			m, ok := c.next(maxRecord)
			timestamp := base + m.timestampDelta
			if !ok || m.offsetDelta != i || rules.RequireKeys && !m.hasKey || rules.checkTimestamp(timestamp, b.LogAppendTime()) != nil {
				t.Fatalf("record %d of %d passed: %v %+v (%v)", i, passed, ok, m, c.err)
			}
			newest, headers = max(newest, timestamp), headers || m.hasHeaders
		}
		if c.pos != end || newest != o.newest || headers != o.headers {
			t.Fatalf("%d records end at %d, newest %d, headers %v; want %d, %d, %v", passed, end, o.newest, o.headers, c.pos, newest, headers)
		}
	})
}

// Records as clients write them are ordinary: all but those at the very end, of which there is too little to look ahead.
func TestOrdinaryRecords(t *testing.T) {
	for _, n := range []int{100, 20_000} {
		b := sample(None, n)
		rules := clientRules()
		o := ordinaryOf(&b, &rules, noLimit)
		if _, passed := o.pass(b.Raw[HeaderSize:], 0, 0, b.Count); int(passed) < n-2 {
			t.Errorf("%d of %d records were passed", passed, n)
		}
	}
}
