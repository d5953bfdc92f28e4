package broker

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestSegmentCompression sets segment.compression on a topic, and takes it back: what lies on the disk shrinks to less
// than a quarter and grows again, and a client reads the same.
func TestSegmentCompression(t *testing.T) {
	b := openDir(t, t.TempDir())
	topic(t, b, "t", 1, "segment.bytes=1048576", "segment.compression=zstd")
	c := client(t, b, kgo.ProducerBatchCompression(kgo.NoCompression()))
	const n = 6000
	value := func(i int) string {
		return fmt.Sprintf(`{"id":%d,"carrier":"UA","origin":"EWR","dest":"IAH","delay":%d,"note":%q}`, i, i%97,
			"an event with names and values that come again and again, as those of people's systems do, "+
				"and are stored plain by who produces them because a codec was never switched on")
	}
	var sent []*kgo.Record
	for i := range n {
		sent = append(sent, &kgo.Record{Topic: "t", Value: []byte(value(i)), Timestamp: time.UnixMilli(int64(1000 + i))})
	}
	for i := 0; i < n; i += 100 { // in batches, so that segments roll
		if err := c.ProduceSync(limit(t), sent[i:i+100]...).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	p := b.partitions.All()[0]
	check := func(when string) int64 {
		t.Helper()
		if err := p.Log().SettleForms(); err != nil {
			t.Fatal(err)
		}
		for i, r := range consumeN(t, b, "t", n) {
			if string(r.Value) != value(i) || r.Offset != int64(i) {
				t.Fatalf("%s: record %d: got %q at %d", when, i, r.Value, r.Offset)
			}
		}
		at, err := admin(t, b).ListOffsetsAfterMilli(limit(t), 1000+n/3, "t")
		if err != nil || at["t"][0].Offset != n/3 {
			t.Errorf("%s: time %d is at %+v, %v", when, 1000+n/3, at["t"][0], err)
		}
		dirs, err := admin(t, b).DescribeAllLogDirs(limit(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		var size int64
		dirs.Each(func(d kadm.DescribedLogDir) {
			if p, ok := d.Topics.Lookup("t", 0); ok {
				size += p.Size
			}
		})
		return size
	}
	active := func() (size int64) {
		all := p.Log().Segments()
		return all[len(all)-1].Size
	}
	small := check("compressed") - active()
	none := "none"
	set := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "segment.compression", Value: &none}}
	if _, err := admin(t, b).AlterTopicConfigs(limit(t), set, "t"); err != nil {
		t.Fatal(err)
	}
	for ctx := limit(t); p.Log().Config().CompressSegments; {
		if ctx.Err() != nil {
			t.Fatal("the topic does not get its setting")
		}
	}
	if large := check("expanded") - active(); small*4 > large || small <= 0 {
		t.Errorf("sealed segments take %d bytes compressed, %d plain", small, large)
	}
}
