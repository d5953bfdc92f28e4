package partition

import (
	"math"
	"testing"

	"weir/record"
)

// What has no headers is known by offset: from behind the last batch that may have had some, and never before a broker's start.
func TestBare(t *testing.T) {
	r := newRig(t, rigOptions{})
	add := func(headers ...record.RecordHeader) int64 {
		b := record.NewBuilder(record.Options{})
		b.Append(testStart.UnixMilli(), nil, []byte("v"))
		b.Append(testStart.UnixMilli(), nil, []byte("v"), headers...)
		batch, err := record.Validate(b.Build().Raw, record.Rules{BeforeMaxMs: math.MaxInt64, AfterMaxMs: math.MaxInt64, FromClient: true})
		must(t, err)
		ticket, err := r.p.Append(&batch, AppendOptions{ExpectedLeaderEpoch: -1})
		must(t, err)
		return ticket.LastOffset + 1
	}
	bare := func(offset int64, want bool) {
		t.Helper()
		if got := r.p.Bare(offset); got != want {
			t.Errorf("bare from %d: %v; want %v", offset, got, want)
		}
	}
	add()
	bare(0, true)
	after := add(record.RecordHeader{Key: "h", Value: []byte("v")})
	bare(after-1, false)
	bare(after, true)
	add()
	bare(0, false)
	bare(after, true)
	after = r.append(1).LastOffset + 1 // nobody looked whether it has any
	bare(after-1, false)
	bare(after, true)
	if again := New(r.p.Log(), r.p.committer, 1, r.p.clk); again.Bare(after-1) || !again.Bare(after) {
		t.Error("after a start it must be known of nothing that was there before")
	}
}
