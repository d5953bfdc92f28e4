package server

import (
	"bytes"
	"encoding/binary"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestBadLengths holds B1 and B2: a length out of bounds closes the connection before anything is allocated.
func TestBadLengths(t *testing.T) {
	s, logged := start(t, nil)
	bystander := dial(t, s)
	for name, bytes := range map[string][]byte{
		"B1 minus one":         {0xff, 0xff, 0xff, 0xff},
		"B1 lowest":            {0x80, 0, 0, 0},
		"B1 zero":              {0, 0, 0, 0},
		"B1 less than header":  {0, 0, 0, 7},
		"B2 one past 100 MiB":  {0x06, 0x40, 0x00, 0x01},
		"B2 HTTP":              []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"B2 TLS":               {0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03},
		"control bytes in log": []byte("\x1b[31m\r\n\x00"),
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, s)
			send(conn, bytes)
			mustClose(t, conn)
		})
	}
	mustServe(t, bystander)
	if text := logged.String(); strings.ContainsAny(strings.ReplaceAll(text, "\n", ""), "\x1b\r\x00") {
		t.Errorf("control characters in the log: %q", text)
	}
}

// TestSlowSenders holds B4: connections that announce much and send little are charged for what they send,
// closed at the read deadline, and others feel nothing.
func TestSlowSenders(t *testing.T) {
	s, _ := start(t, func(c *Config) {
		c.FrameTimeout = 300 * time.Millisecond
		c.QueuedRequestBytes = 128 << 20
	})
	const count = 100
	var before, during runtime.MemStats
	runtime.ReadMemStats(&before)
	var slow []net.Conn
	for range count {
		conn := dial(t, s)
		send(conn, []byte{0x06, 0x40, 0x00, 0x00, 0x00})
		slow = append(slow, conn)
	}
	for range 20 {
		mustServe(t, dial(t, s))
	}
	runtime.ReadMemStats(&during)
	if grown := during.TotalAlloc - before.TotalAlloc; grown > count*(128<<10)+(16<<20) {
		t.Errorf("%d slow senders cost %d bytes", count, grown)
	}
	for _, conn := range slow {
		mustClose(t, conn)
	}
	waitFor(t, "the budget to be whole again", func() bool { return s.budget.used() == 0 })
}

// TestUnservedRequests holds B5 and B7.
func TestUnservedRequests(t *testing.T) {
	s, _ := start(t, nil)
	for name, frame := range map[string][]byte{
		"B5 unknown key":            request(9999, 0, 1),
		"B5 negative key":           request(-1, 0, 1),
		"B5 inter-broker key":       request(4, 0, 1),
		"B5 not served yet":         request(78, 1, 1),
		"B7 version too high":       request(0, 14, 1, make([]byte, 20)...),
		"B7 version too low":        request(0, 2, 1, make([]byte, 20)...),
		"B7 negative version":       request(1, -1, 1, make([]byte, 20)...),
		"B7 header cut":             framed([]byte{0, 18, 0, 0, 0, 0, 0, 1}),
		"B7 client id past the end": framed([]byte{0, 18, 0, 0, 0, 0, 0, 1, 0x7f, 0xff, 'a', 'b'}),
		"B7 client id negative":     framed([]byte{0, 18, 0, 0, 0, 0, 0, 1, 0x80, 0x00, 'a', 'b'}),
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, s)
			send(conn, frame)
			mustClose(t, conn)
		})
	}
	mustServe(t, dial(t, s))
}

// TestUnknownAPIVersions holds B6: answered in the format of version 0 with error 35 and the list.
func TestUnknownAPIVersions(t *testing.T) {
	s, _ := start(t, nil)
	for _, version := range []int16{6, 100, 32767, -1} {
		conn := dial(t, s)
		send(conn, request(18, version, 7, 0, 1, 2, 3))
		id, body := answer(t, conn)
		if id != 7 {
			t.Errorf("version %d: correlation %d", version, id)
		}
		resp := kmsg.NewPtrApiVersionsResponse()
		if err := resp.ReadFrom(body); err != nil {
			t.Fatalf("version %d: %v", version, err)
		}
		if resp.ErrorCode != 35 || len(resp.ApiKeys) < 8 {
			t.Errorf("version %d: error %d, %d keys", version, resp.ErrorCode, len(resp.ApiKeys))
		}
		for _, k := range resp.ApiKeys {
			if k.ApiKey == 0 && (k.MinVersion != 0 || k.MaxVersion != 13) {
				t.Errorf("Produce is advertised as %d-%d", k.MinVersion, k.MaxVersion)
			}
		}
		mustServe(t, conn)
	}
}

// TestMalformedBodies holds B8: close, and allocate no more than the frame holds.
func TestMalformedBodies(t *testing.T) {
	s, _ := start(t, nil)
	flexible := func(key, version int16, body ...byte) []byte {
		return request(key, version, 1, append([]byte{0}, body...)...) // no tags in the header
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for name, frame := range map[string][]byte{
		"array of 2^31-1": request(2, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		"array of -2":     request(2, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0, 0),
		"varint of 6":     flexible(18, 3, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 1, 0),
		"varint of 10":    flexible(18, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 1, 0),
		"duplicate tags":  flexible(18, 3, 2, 'a', 2, 'b', 2, 7, 1, 0, 7, 1, 0),
		"descending tags": flexible(18, 3, 2, 'a', 2, 'b', 2, 7, 1, 0, 6, 1, 0),
		"2^28 tags":       flexible(18, 3, 2, 'a', 2, 'b', 0x80, 0x80, 0x80, 0x80, 0x01),
		"header tags":     request(18, 3, 1, 0xff, 0xff, 0xff, 0xff, 0x0f),
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, s)
			send(conn, frame)
			mustClose(t, conn)
		})
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
		t.Errorf("malformed bodies cost %d bytes", grown)
	}
	mustServe(t, dial(t, s))
}

// TestLargeFrame sends a frame that outgrows its first buffer several times, in odd pieces.
func TestLargeFrame(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), (3<<20)/16+5)
	got := make(chan []byte, 1)
	s, _ := start(t, func(c *Config) { c.Serve = keepBody(got) })
	conn := dial(t, s)
	frame := request(3, 0, 1, body...)
	for len(frame) > 0 {
		n := min(len(frame), 77777)
		send(conn, frame[:n])
		frame = frame[n:]
	}
	if id, _ := answer(t, conn); id != 1 {
		t.Fatalf("correlation %d", id)
	}
	if !bytes.Equal(<-got, body) {
		t.Error("the body arrived changed")
	}
	waitFor(t, "the budget to be whole again", func() bool { return s.budget.used() == 0 })
}

// TestProvenSenders sends frames of the same and of other lengths after a large one. One that arrived whole earns those that follow
// at most a bound of memory in advance, whatever they announce, and less with each that is shorter.
func TestProvenSenders(t *testing.T) {
	got := make(chan []byte, 1)
	s, _ := start(t, func(c *Config) { c.Serve = keepBody(got) })
	conn := dial(t, s)
	sizes := []int{300_000, 300_000, 299_999, 20, 400_000, 5 << 20, 5 << 20, 100_000}
	for range 40 {
		sizes = append(sizes, 100_000)
	}
	for i, size := range sizes {
		body := bytes.Repeat([]byte{byte(' ' + i)}, size)
		send(conn, request(3, 0, int32(i), body...))
		if id, _ := answer(t, conn); id != int32(i) {
			t.Fatalf("correlation %d; want %d", id, i)
		}
		if !bytes.Equal(<-got, body) {
			t.Fatalf("frame %d of %d bytes arrived changed", i, size)
		}
	}
	waitFor(t, "the budget to be whole again", func() bool { return s.budget.used() == 0 })
	send(conn, []byte{0x06, 0x40, 0x00, 0x00, 0x00})
	waitFor(t, "the next frame to be charged", func() bool { return s.budget.used() > 0 })
	if used := s.budget.used(); used > 128<<10 {
		t.Errorf("a frame that has not come is charged with %d bytes", used)
	}
	conn.Close()
	waitFor(t, "the budget to be whole again", func() bool { return s.budget.used() == 0 })
}

// TestFrameCutShort sends part of a frame and hangs up.
func TestFrameCutShort(t *testing.T) {
	s, _ := start(t, nil)
	conn := dial(t, s)
	send(conn, binary.BigEndian.AppendUint32(nil, 1<<20))
	send(conn, make([]byte, 70_000))
	conn.Close()
	waitFor(t, "the connection to end", func() bool { return s.Stats().Open == 0 })
	if used := s.budget.used(); used != 0 {
		t.Errorf("%d bytes are still charged", used)
	}
}
