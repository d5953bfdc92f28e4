package admin

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/sync/semaphore"
)

// guard lets requests through that are for a name of ours, not from a page of another origin, and whose body there is room
// for. Without the first, a page could rebind its own name to the loopback; without the second, it could send to ours.
func (d *Door) guard(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.ours(r.Host) {
			writeProblem(w, problem(http.StatusMisdirectedRequest,
				"This door does not answer to the name %q; weir.http.allowed.hosts lists names beside those of the loopback.", r.Host))
			return
		}
		if err := origins.Check(r); err != nil {
			writeProblem(w, problem(http.StatusForbidden, "Requests of pages of another origin are refused."))
			return
		}
		if _, err := url.ParseQuery(r.URL.RawQuery); err != nil { // else what cannot be read would be as if it were not there
			writeProblem(w, problem(http.StatusBadRequest, "The query cannot be read: %s.", err))
			return
		}
		if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
			w.Header().Set("Accept-Encoding", "identity")
			writeProblem(w, problem(http.StatusUnsupportedMediaType, "Bodies are taken as they are, not with the content coding %q.", coding))
			return
		}
		n := d.bodyBytes(r)
		if n > d.config.MaxRequestBytes {
			writeProblem(w, problem(http.StatusRequestEntityTooLarge, "The body has %d bytes; %d are allowed.", n, d.config.MaxRequestBytes))
			return
		}
		if n > 0 {
			ctx, cancel := context.WithTimeout(r.Context(), d.config.ReadTimeout)
			err := d.bodies.Acquire(ctx, n)
			cancel()
			if err != nil {
				writeProblem(w, problem(http.StatusServiceUnavailable, "Too many bodies are in flight."))
				return
			}
			body := &room{ReadCloser: r.Body, of: d.bodies, held: n}
			defer body.keep(0)
			r.Body = body
		}
		next.ServeHTTP(w, r)
	})
}

// room is a body and the room that it has. Once it was read to its end it holds what it takes, no more: a request may wait for long.
type room struct {
	io.ReadCloser
	of         *semaphore.Weighted
	held, read int64
}

// Read implements io.Reader.
func (b *room) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.read += int64(n); err == io.EOF {
		b.keep(b.read)
	}
	return n, err
}

// keep gives back all room but for so many bytes.
func (b *room) keep(n int64) {
	if n < b.held {
		b.of.Release(b.held - n)
		b.held = n
	}
}

// bodyBytes is how much room a body may need.
func (d *Door) bodyBytes(r *http.Request) int64 {
	if r.ContentLength < 0 {
		return d.config.MaxRequestBytes
	}
	return r.ContentLength
}

// ours reports whether a request's Host names the loopback, or is listed.
func (d *Door) ours(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = foldHost(host)
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().IsLoopback() {
		return true
	}
	return host == "localhost" || d.hosts[host] || d.hosts["*"]
}

func foldHost(host string) string {
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// routed answers what has no route with a problem, as everything else.
func routed(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refusal, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		told := refused{header: w.Header()}
		refusal.ServeHTTP(&told, r)
		if told.status != http.StatusMethodNotAllowed {
			writeProblem(w, problem(http.StatusNotFound, "There is nothing at this path; /openapi.json tells what there is."))
			return
		}
		writeProblem(w, problem(told.status, "This path has no %s.", r.Method))
	})
}

// refused takes the status of a refusal and its headers, and drops its text.
type refused struct {
	header http.Header
	status int
}

func (r *refused) Header() http.Header         { return r.header }
func (r *refused) Write(p []byte) (int, error) { return len(p), nil }
func (r *refused) WriteHeader(status int)      { r.status = status }
