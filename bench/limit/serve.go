package limit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
)

// Server is the least broker.
type Server struct {
	dir    string
	noSync bool
	open   func(name string) (disk, error)
	mu     sync.RWMutex
	stores []*store // guarded by mu, by number; nil when removed
}

// NewServer gives a server that keeps its files in dir, which must be there, and answers after a sync unless noSync.
func NewServer(dir string, noSync bool) *Server {
	return &Server{dir: dir, noSync: noSync, open: func(name string) (disk, error) {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
		return osDisk{f}, err
	}}
}

// Serve answers the connections of l until ctx ends; then it closes them and removes its files.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	var running sync.WaitGroup
	defer running.Wait()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	for {
		accepted, err := l.Accept()
		if err != nil {
			failed := s.removeAll()
			if ctx.Err() != nil {
				return failed
			}
			return errors.Join(fmt.Errorf("accept: %w", err), failed)
		}
		running.Go(func() {
			defer context.AfterFunc(ctx, func() { _ = accepted.Close() })()
			defer accepted.Close()
			c := &conn{server: s, TCPConn: accepted.(*net.TCPConn), buf: make([]byte, 256<<10)}
			c.serve()
		})
	}
}

func (s *Server) removeAll() error {
	s.mu.RLock()
	n := len(s.stores)
	s.mu.RUnlock()
	return s.removeFiles(0, uint32(n))
}

func (s *Server) makeFiles(n uint32) (first int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first = len(s.stores)
	for range min(n, 1<<16) {
		d, err := s.open(filepath.Join(s.dir, fmt.Sprintf("%06d", len(s.stores))))
		if err != nil {
			return 0, err
		}
		s.stores = append(s.stores, newStore(d))
	}
	return first, nil
}

func (s *Server) removeFiles(first, n uint32) (failed error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := int(first); i < min(len(s.stores), int(first)+int(n)); i++ {
		if s.stores[i] != nil {
			failed = errors.Join(failed, s.stores[i].remove())
			s.stores[i] = nil
		}
	}
	return failed
}

func (s *Server) store(file uint32) (*store, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if int(file) >= len(s.stores) || s.stores[file] == nil {
		return nil, errRemoved
	}
	return s.stores[file], nil
}

// conn is one connection. A goroutine receives and writes; with syncs a second one syncs and answers meanwhile.
type conn struct {
	server *Server
	*net.TCPConn
	buf  []byte
	r, w int // what was received and not consumed is buf[r:w]
	// written are the writes since the last hand-over; syncs takes them to the goroutine that answers.
	written []written
	syncs   chan []written
	out     []byte // of this goroutine
}

// written is one write that waits for its sync and its answer.
type written struct {
	store *store
	end   int64
}

// unsynced is how many hand-overs may wait for a sync before no more is received.
const unsynced = 64

func (c *conn) serve() {
	var answering sync.WaitGroup
	defer answering.Wait()
	if !c.server.noSync {
		c.syncs = make(chan []written, unsynced)
		defer close(c.syncs)
		answering.Go(c.syncAndAnswer)
	}
	for {
		if err := c.receive(headBytes); err != nil {
			return
		}
		h := parseHead(c.buf[c.r:])
		if err := c.do(h); err != nil {
			return
		}
	}
}

func (c *conn) do(h head) error {
	if h.op == opWrite {
		return c.write(h)
	}
	c.r += headBytes
	switch h.op {
	case opRead:
		return c.read(h)
	case opMake:
		first, err := c.server.makeFiles(h.length)
		if err != nil {
			return err
		}
		_, err = c.Write(binary.BigEndian.AppendUint64(nil, uint64(first)))
		return err
	case opRemove:
		if err := c.server.removeFiles(h.file, h.length); err != nil {
			return err
		}
		_, err := c.Write(make([]byte, answerBytes))
		return err
	}
	return fmt.Errorf("operation %d is not known", h.op)
}

var errChecksum = errors.New("the checksum is wrong")

func (c *conn) write(h head) error {
	if h.length > maxBodyBytes {
		return fmt.Errorf("a body of %d bytes", h.length)
	}
	if err := c.receive(headBytes + int(h.length)); err != nil {
		return err
	}
	frame := c.buf[c.r : c.r+headBytes+int(h.length)]
	c.r += len(frame)
	if crc32.Checksum(frame[headBytes:], castagnoli) != h.crc {
		return errChecksum
	}
	s, err := c.server.store(h.file)
	if err != nil {
		return err
	}
	end, err := s.append(frame[headBytes-prefixBytes:])
	if err != nil {
		return err
	}
	c.written = append(c.written, written{s, end})
	return nil
}

func (c *conn) read(h head) error {
	s, err := c.server.store(h.file)
	if err != nil {
		return err
	}
	end, err := s.await(h.position)
	if err != nil {
		return err
	}
	n := min(end-h.position, int64(h.length))
	c.out = binary.BigEndian.AppendUint32(c.out[:0], uint32(n))
	return s.disk.sendTo(c.TCPConn, c.out, h.position, int(n))
}

// receive waits until n bytes are in the buffer. A large frame is received up to its end and no further, so that the next one
// begins at the buffer's begin and nothing is moved.
func (c *conn) receive(n int) error {
	const large = 32 << 10
	for c.w-c.r < n {
		if c.r == c.w {
			c.r, c.w = 0, 0
		}
		if n > len(c.buf) {
			c.buf = slices.Grow(c.buf, n-len(c.buf))[:n]
		}
		if c.r+n > len(c.buf) {
			c.w = copy(c.buf, c.buf[c.r:c.w])
			c.r = 0
		}
		until := len(c.buf)
		if n > large {
			until = c.r + n
		}
		if err := c.handOver(); err != nil {
			return err
		}
		got, err := c.Read(c.buf[c.w:until])
		if err != nil {
			return err
		}
		c.w += got
	}
	return nil
}

// handOver has the writes so far answered: it is called when the next thing to do is to wait for the client.
func (c *conn) handOver() error {
	if len(c.written) == 0 {
		return nil
	}
	if c.server.noSync {
		for _, w := range c.written {
			w.store.show(w.end)
		}
		var err error
		c.out, err = c.answer(c.out, c.written)
		c.written = c.written[:0]
		return err
	}
	c.syncs <- c.written
	c.written = nil
	return nil
}

// syncAndAnswer takes all writes that wait, syncs their files and answers them in one piece.
func (c *conn) syncAndAnswer() {
	var out []byte
	var broken bool
	for all := range c.syncs {
		for more := true; more; {
			select {
			case next := <-c.syncs:
				all, more = append(all, next...), next != nil
			default:
				more = false
			}
		}
		if broken {
			continue
		}
		broken = syncAll(all) != nil
		var err error
		if !broken {
			out, err = c.answer(out, all)
		}
		if broken = broken || err != nil; broken {
			_ = c.Close() // receive ends; what it had handed over is drained and never answered
		}
	}
}

// atOnce is how many files are synced at a time: the file system makes one journal entry of what comes together.
const atOnce = 8

// syncAll makes writes durable, each file once: the last write of a file stands for those before it.
func syncAll(all []written) error {
	var last []written
	for _, w := range slices.Backward(all) {
		if !slices.ContainsFunc(last, func(l written) bool { return l.store == w.store }) {
			last = append(last, w)
		}
	}
	if len(last) == 1 {
		return last[0].store.syncTo(last[0].end)
	}
	failed := make([]error, len(last))
	var next atomic.Int64
	var running sync.WaitGroup
	for range min(len(last), atOnce) {
		running.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(last)); i = next.Add(1) - 1 {
				failed[i] = last[i].store.syncTo(last[i].end)
			}
		})
	}
	running.Wait()
	return errors.Join(failed...)
}

// answer writes one answer a write and gives out back for the next.
func (c *conn) answer(out []byte, all []written) ([]byte, error) {
	out = out[:0]
	for _, w := range all {
		out = binary.BigEndian.AppendUint64(out, uint64(w.end))
	}
	_, err := c.Write(out)
	return out, err
}
