package share

import (
	"fmt"
	"testing"

	"weir/partition"
	"weir/record"
)

// Where no record has headers the batches' own tell as much as all of them.
func TestHeadsTellAsBodies(t *testing.T) {
	r := newRig(t)
	r.produce("a", "b", "c")
	b := record.NewBuilder(record.Options{Codec: record.Zstd})
	for i := range 40 {
		b.Append(r.clk.Now().UnixMilli(), fmt.Append(nil, i), make([]byte, 1000))
	}
	batch := b.Build()
	_, err := r.part(r.topic).Append(&batch, partition.AppendOptions{ExpectedLeaderEpoch: -1})
	must(t, err)
	r.produce("d")
	for _, from := range []int64{0, 1, 3, 20, 43} {
		tell := func(how func(x *examiner, res *partition.ReadResult) (int64, error)) string {
			res, err := r.part(r.topic).Read(partition.ReadRequest{Offset: from, MaxBytes: 1 << 20, MinOne: true, CurrentLeaderEpoch: -1,
				LastFetchedEpoch: -1})
			must(t, err)
			defer res.Release()
			x := newExaminer(&r.settings, TopicSettings{}, 0, nil)
			next, err := how(x, &res)
			must(t, err)
			out := fmt.Sprint("to ", next)
			for _, it := range x.items {
				out += fmt.Sprintf(", %d-%d %+v", it.first, it.last, *it.detail)
			}
			return out
		}
		bodies := tell(func(x *examiner, res *partition.ReadResult) (int64, error) {
			raw, err := res.Slices[0].Bytes()
			must(t, err)
			return x.examine(raw, from)
		})
		heads := tell(func(x *examiner, res *partition.ReadResult) (int64, error) {
			next, ok, err := x.heads(res.Slices[0], from)
			want(t, "the headers are enough", ok, true)
			return next, err
		})
		want(t, fmt.Sprint("what the headers tell from ", from), heads, bodies)
	}
}
