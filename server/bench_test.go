package server

import (
	"fmt"
	"io"
	"testing"
	"time"
)

// BenchmarkLoopback sends the smallest request there is over loopback and reads its answer, several in flight.
func BenchmarkLoopback(b *testing.B) {
	for _, inFlight := range []int{1, 16} {
		b.Run(fmt.Sprintf("in-flight=%d", inFlight), func(b *testing.B) {
			s, _ := start(b, nil)
			conn := dial(b, s)
			if err := conn.SetDeadline(time.Time{}); err != nil {
				b.Fatal(err)
			}
			one := request(18, 0, 1)
			var all []byte
			for range inFlight {
				all = append(all, one...)
			}
			if _, err := conn.Write(one); err != nil {
				b.Fatal(err)
			}
			size := make([]byte, 4)
			if _, err := io.ReadFull(conn, size); err != nil {
				b.Fatal(err)
			}
			answer := make([]byte, inFlight*(len(size)+int(size[2])<<8+int(size[3])))
			if _, err := io.ReadFull(conn, answer[:len(answer)/inFlight-len(size)]); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range (b.N + inFlight - 1) / inFlight {
				if _, err := conn.Write(all); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(conn, answer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
