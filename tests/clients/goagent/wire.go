package main

import (
	"encoding/json"
	"runtime/debug"
	"sync"
	"time"
)

// maxBytes is the largest record any test sends, with room to spare.
const maxBytes = 16 << 20

// request is one line in; which fields count depends on Op.
type request struct {
	Op         string            `json:"op"`
	Topic      string            `json:"topic"`
	Partition  int32             `json:"partition"`
	Partitions int32             `json:"partitions"`
	Config     map[string]string `json:"config"`
	Codec      string            `json:"codec"`
	Records    []rec             `json:"records"`
	From       int64             `json:"from"`
	At         *int64            `json:"at"`
	Count      int               `json:"count"`
	WaitMs     int               `json:"wait_ms"`
	Group      string            `json:"group"`
	Instance   string            `json:"instance"`
	Assignor   string            `json:"assignor"`
	SessionMs  int               `json:"session_ms"`
	Protocol   string            `json:"protocol"`
	Regex      string            `json:"regex"`
	ID         string            `json:"id"`
	Commit     bool              `json:"commit"`
	Isolation  string            `json:"isolation"`
	Member     string            `json:"member"`
	Explicit   bool              `json:"explicit"`
	Max        int               `json:"max"`
	Acks       []ack             `json:"acks"`
}

// ack is what a member of a share group says of a record.
type ack struct {
	P    int32  `json:"p"`
	O    int64  `json:"o"`
	Type string `json:"type"`
}

func (q request) wait() time.Duration { return time.Duration(q.WaitMs) * time.Millisecond }

// answer is one line out.
type answer struct {
	Error      string   `json:"error,omitempty"`
	Version    string   `json:"version,omitempty"`
	Codecs     []string `json:"codecs,omitempty"`
	Can        []string `json:"can,omitempty"`
	Offsets    []int64  `json:"offsets,omitempty"`
	Partitions []int32  `json:"partitions,omitempty"`
	Offset     int64    `json:"offset"`
	Records    []rec    `json:"records"`
	Assignment []int32  `json:"assignment"`
	Revoked    int      `json:"revoked"`
}

// rec is a record; a nil slice is null.
type rec struct {
	P int32    `json:"p"`
	O int64    `json:"o"`
	T int64    `json:"t"`
	K []byte   `json:"k"`
	V []byte   `json:"v"`
	H []header `json:"h"`
	N int      `json:"n"` // deliveries to a share group
}

// header is a pair of a name and bytes, on the wire a list of two.
type header struct {
	Key   string
	Value []byte
}

// MarshalJSON writes the pair as a list.
func (h header) MarshalJSON() ([]byte, error) { return json.Marshal([]any{h.Key, h.Value}) }

// UnmarshalJSON reads a list of two.
func (h *header) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&h.Key, &h.Value})
}

// member is what every group member keeps: what it got, what it owns, how often it was asked to give up.
type member struct {
	mu       sync.Mutex
	received []rec
	owned    map[int32]bool
	next     map[int32]int64
	revoked  int
	failure  error
}

func newMember() *member { return &member{owned: map[int32]bool{}, next: map[int32]int64{}} }

func (m *member) got(r rec) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.received = append(m.received, r)
	m.next[r.P] = r.O + 1
}

func (m *member) gain(p int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.owned[p] = true
}

func (m *member) lose(p int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.owned[p] {
		m.revoked++
	}
	delete(m.owned, p)
	delete(m.next, p)
}

func (m *member) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failure = err
}

// positions returns the next offset of every partition it owns and has read from.
func (m *member) positions() map[int32]int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make(map[int32]int64, len(m.next))
	for p, o := range m.next {
		out[p] = o
	}
	return out
}

func (m *member) state() (answer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failure != nil {
		return answer{}, m.failure
	}
	a := answer{Records: m.received, Revoked: m.revoked}
	m.received = nil
	for p := range m.owned {
		a.Assignment = append(a.Assignment, p)
	}
	return a, nil
}

// version is the version of the module with this path, as it was built in.
func version(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return "unknown"
}
