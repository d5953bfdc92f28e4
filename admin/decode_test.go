package admin

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestOpenAPIDocument: the document that is published is what the code serves.
func TestOpenAPIDocument(t *testing.T) {
	want, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../docs/openapi.json")
	if err != nil || !bytes.Equal(bytes.TrimSpace(got), want) {
		t.Errorf("docs/openapi.json is not what the code says: go generate ./admin (%v)", err)
	}
}

// TestPartitionsOfKeys: a key goes where every Kafka producer sends it.
func TestPartitionsOfKeys(t *testing.T) {
	theirs := kgo.StickyKeyPartitioner(nil).ForTopic("t")
	for n := 1; n < 20; n++ {
		for _, key := range []string{"", "a", "ab", "abc", "abcd", "a longer key", "ключ", "\xff\xfe\xfd", strings.Repeat("x", 1000)} {
			if got, want := partitionOf([]byte(key), n), theirs.Partition(&kgo.Record{Key: []byte(key)}, n); int(got) != want {
				t.Errorf("partition of %q among %d is %d, want %d", key, n, got, want)
			}
		}
	}
}

func TestReceipts(t *testing.T) {
	for _, r := range []receipt{{0, 0, "http-1-1", "g"}, {7, 1 << 60, "http-ffffffff-zz", "a.b.c/ü %"}} {
		if got, ok := parseReceipt(r.String()); !ok || got != r {
			t.Errorf("%s gives %+v, %v", r, got, ok)
		}
	}
}

func FuzzReceipt(f *testing.F) {
	f.Add("0.15.http-1-1.g")
	f.Add("...")
	f.Fuzz(func(t *testing.T, text string) {
		r, ok := parseReceipt(text)
		if !ok {
			return
		}
		if r.partition < 0 || r.offset < 0 || r.group == "" {
			t.Fatalf("%q gives %+v", text, r)
		}
		if again, ok := parseReceipt(r.String()); !ok || again != r {
			t.Fatalf("%q gives %+v, then %+v", text, r, again)
		}
	})
}

func FuzzMessages(f *testing.F) {
	f.Add("application/json", []byte(`{"value":"a","key":"k","headers":{"a":"b"},"priority":3}`))
	f.Add("application/json", []byte(`{"messages":[{"value":{"a":[1,null]}},{"value_base64":"/w==","delay_ms":5}],"key":"k"}`))
	f.Add("text/plain", []byte("\xff"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		messages, several, err := decodeMessages(kind, body, &Message{})
		if err != nil {
			return
		}
		if len(messages) == 0 || len(messages) > maxMessages || !several && len(messages) != 1 {
			t.Fatalf("%d messages, several is %v", len(messages), several)
		}
		if !isJSON(kind) && !bytes.Equal(messages[0].value(), body) {
			t.Fatalf("a raw body came as %q", messages[0].value())
		}
		for i := range messages {
			m := &messages[i]
			if isJSON(kind) && m.Value != nil && !utf8.Valid(m.value()) {
				t.Fatalf("a value of a JSON body is not UTF-8: %q", m.value())
			}
			if n := sizeOf(m.key(), m.value(), m.headers()); n < len(m.value()) {
				t.Fatalf("size %d of a value of %d", n, len(m.value()))
			}
		}
	})
}

func FuzzSettle(f *testing.F) {
	f.Add([]byte(`{"receipts":["0.0.m.g"],"delay_ms":5}`), "")
	f.Add([]byte(``), "0.0.m.g")
	f.Fuzz(func(t *testing.T, body []byte, one string) {
		for _, decode := range []func([]byte, string) ([]string, settlement, error){decodeAck, decodeNack, decodeExtend} {
			all, what, err := decode(body, one)
			if err != nil {
				if _, fails := json.Marshal(err); fails != nil {
					t.Fatal(fails)
				}
				continue
			}
			if len(all) == 0 || len(all) > maxMessages || what.delayMs < -1 {
				t.Fatalf("%d receipts, %+v", len(all), what)
			}
		}
	})
}

func FuzzRedrive(f *testing.F) {
	f.Add([]byte(`{"ids":["0:1","3:7"]}`))
	f.Add([]byte(`{"filter":"headers[\"a\"] == \"b\"","reason":"x","after":"0:5","rate":0.1,"max":3}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var b redriveBody
		if err := decode(body, &b); err != nil || b.check() != nil {
			return
		}
		if b.Max < 1 || b.Max > maxMessages || len(b.ids) > maxMessages || b.Rate < 0 || b.MaxRedrives < 1 || b.after.partition < 0 {
			t.Fatalf("%q gives %+v", body, b)
		}
		for id := range b.ids {
			if again, ok := parseLetterID(id.String()); !ok || again != id {
				t.Fatalf("%q gives %+v", body, id)
			}
		}
	})
}

// TestListsAreBounded: a body cannot become much more in memory than it is.
func TestListsAreBounded(t *testing.T) {
	body := []byte(`{"messages":[` + strings.TrimSuffix(strings.Repeat(`{},`, 1_000_000), ",") + `]}`)
	n := testing.AllocsPerRun(1, func() {
		if _, _, err := decodeMessages("application/json", body, &Message{}); err == nil {
			t.Error("a million messages are taken")
		}
	})
	if n > 100*maxMessages {
		t.Errorf("%v allocations", n)
	}
}
