package protocol

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// FuzzRequestHeader: no frame panics; what parses is not longer than the frame.
func FuzzRequestHeader(f *testing.F) {
	id := "c"
	for _, key := range []int16{0, 1, 3, 18, 47} {
		r := kmsg.RequestForKey(key)
		f.Add(frame(f, &id, r))
		r.SetVersion(r.MaxVersion())
		f.Add(frame(f, nil, r))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		h, body, err := ParseRequestHeader(frame)
		if err != nil {
			return
		}
		if !bytes.HasSuffix(frame, body) {
			t.Fatalf("body %x is not the end of the frame", body)
		}
		AppendResponseHeader(nil, h.Key, h.Version, h.CorrelationID)
	})
}

// FuzzCheck goes through every decoder there is: what Check lets through
// decodes, and what it says of the length is so.
func FuzzCheck(f *testing.F) {
	rnd := rand.New(rand.NewPCG(7, 7))
	forEach(&requestSchema, func(a API, v int16) {
		if v == a.Min || v == a.Max {
			f.Add(a.Key, v, requestSchema.randomMessage(rnd, a.Key, v))
		}
	})
	f.Fuzz(func(t *testing.T, key, version int16, body []byte) {
		size, err := CheckSize(key, version, body)
		if err != nil {
			return
		}
		if size < 0 || size > 1000*len(body)+1000 {
			t.Fatalf("%d bytes decode to %d", len(body), size)
		}
		if a, _ := Lookup(key); a.UnstableMax && version == a.Max {
			return
		}
		r, err := DecodeRequest(key, version, body)
		if err != nil {
			t.Fatalf("checked but not decoded: %v", err)
		}
		if err := Check(key, version, r.AppendTo(nil)); err != nil {
			t.Fatalf("encoded again it is not valid: %v", err)
		}
	})
}

// FuzzDecodeProduce holds our decoder against Check and kmsg.
func FuzzDecodeProduce(f *testing.F) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for v := int16(produceMin); v <= produceMax; v++ {
		f.Add(v, requestSchema.randomMessage(rnd, keyProduce, v))
	}
	var r ProduceRequest
	f.Fuzz(func(t *testing.T, version int16, body []byte) {
		got, want := DecodeProduce(version, body, &r), Check(keyProduce, version, body)
		if (got == nil) != (want == nil) {
			t.Fatalf("decode: %v; check: %v", got, want)
		}
		if got != nil {
			return
		}
		k, err := DecodeRequest(keyProduce, version, body)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := show(r), show(produceFromKmsg(k.(*kmsg.ProduceRequest))); got != want {
			t.Fatalf("\n got %s\nwant %s", got, want)
		}
	})
}

// FuzzDecodeFetch holds our decoder against Check and kmsg.
func FuzzDecodeFetch(f *testing.F) {
	rnd := rand.New(rand.NewPCG(7, 9))
	for v := int16(fetchMin); v <= fetchMax; v++ {
		f.Add(v, requestSchema.randomMessage(rnd, keyFetch, v))
	}
	var r FetchRequest
	f.Fuzz(func(t *testing.T, version int16, body []byte) {
		got, want := DecodeFetch(version, body, &r), Check(keyFetch, version, body)
		if (got == nil) != (want == nil) {
			t.Fatalf("decode: %v; check: %v", got, want)
		}
		if got != nil {
			return
		}
		k, err := DecodeRequest(keyFetch, version, body)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := show(r), show(fetchFromKmsg(k.(*kmsg.FetchRequest))); got != want {
			t.Fatalf("\n got %s\nwant %s", got, want)
		}
	})
}
