package vfs

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// tcpPair returns two ends of a TCP connection over loopback, with small buffers so that sends are cut up.
func tcpPair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, _ := l.Accept()
		accepted <- c
	}()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	server = <-accepted
	t.Cleanup(func() { client.Close(); server.Close() })
	if err := server.(*net.TCPConn).SetWriteBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	return client, server
}

func randomFile(t *testing.T, fsys FS, name string, n int) (File, []byte) {
	t.Helper()
	f, err := fsys.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	b := make([]byte, n)
	rng := rand.New(rand.NewPCG(3, 3))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
	return f, b
}

func TestSendFileToTCP(t *testing.T) {
	both(t, func(t *testing.T, fsys FS, dir string) {
		f, want := randomFile(t, fsys, dir+"/f", 3<<20)
		client, server := tcpPair(t)
		const pos, n = 12_345, 2 << 20
		got := make(chan [32]byte)
		go func() {
			h := sha256.New()
			_, _ = io.CopyN(h, client, n)
			got <- [32]byte(h.Sum(nil))
		}()
		if sent, err := SendFile(server, f, pos, n); sent != n || err != nil {
			t.Fatalf("sent %d, %v", sent, err)
		}
		if <-got != sha256.Sum256(want[pos:pos+n]) {
			t.Fatal("other bytes arrived")
		}
		if sent, err := SendFile(server, f, 3<<20-10, 20); sent != 10 && sent != 0 || err != io.ErrUnexpectedEOF {
			t.Fatalf("past the end: sent %d, %v", sent, err)
		}
	})
}

// TestSendFileSharesNoCursor sends different ranges of one file at once, and looks at the cursor afterwards.
func TestSendFileSharesNoCursor(t *testing.T) {
	f, want := randomFile(t, OS(), t.TempDir()+"/f", 1<<20)
	var wg sync.WaitGroup
	for i := range 8 {
		client, server := tcpPair(t)
		pos, n := int64(i*1000), int64(1<<20-8000)
		wg.Add(2)
		go func() {
			defer wg.Done()
			if sent, err := SendFile(server, f, pos, n); sent != n || err != nil {
				t.Errorf("sent %d, %v", sent, err)
			}
		}()
		go func() {
			defer wg.Done()
			b := make([]byte, n)
			if _, err := io.ReadFull(client, b); err != nil || !bytes.Equal(b, want[pos:pos+n]) {
				t.Errorf("range at %d: other bytes arrived (%v)", pos, err)
			}
		}()
	}
	wg.Wait()
	if at, err := f.(*osFile).f.Seek(0, io.SeekCurrent); at != 0 || err != nil {
		t.Fatalf("cursor moved to %d, %v", at, err)
	}
}

func TestSendFileKeepsTheDeadline(t *testing.T) {
	f, _ := randomFile(t, OS(), t.TempDir()+"/f", 16<<20)
	_, server := tcpPair(t)
	if err := server.SetWriteDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	sent, err := SendFile(server, f, 0, 16<<20) // nobody reads
	if !errors.Is(err, os.ErrDeadlineExceeded) || sent == 16<<20 {
		t.Fatalf("sent %d, %v", sent, err)
	}
}

func TestSendFileToOtherConnections(t *testing.T) {
	f, want := randomFile(t, OS(), t.TempDir()+"/f", 300_000)
	client, server := net.Pipe()
	defer client.Close()
	go func() {
		_, _ = SendFile(server, f, 7, 299_000)
		server.Close()
	}()
	if got, err := io.ReadAll(client); err != nil || !bytes.Equal(got, want[7:299_007]) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

func BenchmarkSendFile(b *testing.B) {
	f, err := OS().Create(b.TempDir() + "/f")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	const n = 1 << 20
	if _, err := f.WriteAt(make([]byte, n), 0); err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err == nil {
			_, _ = io.Copy(io.Discard, c)
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	b.SetBytes(n)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := SendFile(c, f, 0, n); err != nil {
			b.Fatal(err)
		}
	}
}
