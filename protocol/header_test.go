package protocol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// frame is a request's frame as a client builds it.
func frame(t testing.TB, clientID *string, r kmsg.Request) []byte {
	t.Helper()
	f := kmsg.NewRequestFormatter()
	if clientID != nil {
		f = kmsg.NewRequestFormatter(kmsg.FormatterClientID(*clientID))
	}
	return f.AppendRequest(nil, r, 77)[4:]
}

func TestParseRequestHeader(t *testing.T) {
	id := "client é"
	for _, clientID := range []*string{nil, &id} {
		forEach(&requestSchema, func(a API, v int16) {
			r := kmsg.RequestForKey(a.Key)
			if v > r.MaxVersion() {
				return
			}
			r.SetVersion(v)
			h, body, err := ParseRequestHeader(frame(t, clientID, r))
			if err != nil {
				t.Fatalf("%s v%d: %v", a.Name, v, err)
			}
			if h.Key != a.Key || h.Version != v || h.CorrelationID != 77 || quote(h.ClientID) != quote(clientID) {
				t.Fatalf("%s v%d: %+v", a.Name, v, h)
			}
			if !bytes.Equal(body, r.AppendTo(nil)) {
				t.Fatalf("%s v%d: body %x", a.Name, v, body)
			}
		})
	}
}

func TestParseRequestHeaderRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		frame []byte
		want  error
	}{
		{"nothing", nil, ErrMalformed},
		{"nine bytes", make([]byte, 9), ErrMalformed},
		{"key 999", []byte{3, 0xe7, 0, 0, 0, 0, 0, 1, 0xff, 0xff}, ErrUnknownKey},
		{"key 4, gone since 4.0", []byte{0, 4, 0, 0, 0, 0, 0, 1, 0xff, 0xff}, ErrUnknownKey},
		{"key -1", []byte{0xff, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff}, ErrUnknownKey},
		{"client id past the end", []byte{0, 3, 0, 0, 0, 0, 0, 1, 0, 3, 'a', 'b'}, ErrMalformed},
		{"client id of -2", []byte{0, 3, 0, 0, 0, 0, 0, 1, 0xff, 0xfe}, ErrMalformed},
		{"no tagged fields in a flexible header", []byte{0, 3, 0, 9, 0, 0, 0, 1, 0xff, 0xff}, ErrMalformed},
		{"tagged fields past the end", []byte{0, 3, 0, 9, 0, 0, 0, 1, 0xff, 0xff, 1, 0, 9, 1}, ErrMalformed},
		{"tagged fields descending", []byte{0, 3, 0, 9, 0, 0, 0, 1, 0xff, 0xff, 2, 1, 0, 0, 0}, ErrMalformed},
	} {
		if _, _, err := ParseRequestHeader(c.frame); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// A client that is newer than we are asks for a version of ApiVersions that
// nobody here knows: its header can be read, for the answer to reach it.
func TestHeaderOfUnknownApiVersions(t *testing.T) {
	for _, version := range []int16{6, 32767, -1} {
		f := binary.BigEndian.AppendUint16([]byte{0, 18}, uint16(version))
		f = append(f, 0, 0, 0, 9, 0, 1, 'c')
		if version >= 3 {
			f = append(f, 1, 0, 2, 'x', 'y') // an unknown tagged field
		}
		h, body, err := ParseRequestHeader(append(f, "whatever"...))
		if err != nil || h.CorrelationID != 9 || h.Version != version || string(body) != "whatever" {
			t.Errorf("v%d: %+v %q %v", version, h, body, err)
		}
		if err := Check(h.Key, h.Version, body); !errors.Is(err, ErrUnsupportedVersion) {
			t.Errorf("v%d: %v", version, err)
		}
	}
}

func TestAppendResponseHeader(t *testing.T) {
	forEach(&requestSchema, func(a API, v int16) {
		want := []byte{'x', 0, 0, 1, 2}
		if a.Name != "ApiVersions" && a.IsFlexible(v) {
			want = append(want, 0)
		}
		if got := AppendResponseHeader([]byte("x"), a.Key, v, 258); !bytes.Equal(got, want) {
			t.Errorf("%s v%d: %x, want %x", a.Name, v, got, want)
		}
	})
}

// The versions of the APIs that clients choose their features by, as Kafka
// 4.4.0 has them.
func TestVersions(t *testing.T) {
	for key, want := range map[int16]string{
		0: "Produce 3-13", 1: "Fetch 4-18", 2: "ListOffsets 1-11", 3: "Metadata 0-13", 8: "OffsetCommit 2-10",
		9: "OffsetFetch 1-10", 10: "FindCoordinator 0-6", 11: "JoinGroup 0-9", 18: "ApiVersions 0-5",
		22: "InitProducerId 0-6", 28: "TxnOffsetCommit 0-6", 35: "DescribeLogDirs 1-5", 42: "DeleteGroups 0-3",
		74: "ListConfigResources 0-1", 75: "DescribeTopicPartitions 0-0", 94: "UnregisterController 0-0",
	} {
		a, ok := Lookup(key)
		if got := fmt.Sprintf("%s %d-%d", a.Name, a.Min, a.Max); !ok || got != want {
			t.Errorf("key %d: %s, want %s", key, got, want)
		}
	}
	all := APIs()
	for i := 1; i < len(all); i++ {
		if all[i-1].Key >= all[i].Key {
			t.Errorf("%s and %s are out of order", all[i-1].Name, all[i].Name)
		}
	}
	served := 0
	for _, a := range all {
		if a.Broker {
			served++
		}
	}
	if served != 79 {
		t.Errorf("%d APIs of a broker's listener, want 79", served)
	}
	if a, _ := Lookup(22); !a.UnstableMax {
		t.Error("InitProducerId v6 passes for released")
	}
}
