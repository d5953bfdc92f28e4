package admin

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
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
			defer d.bodies.Release(n)
		}
		next.ServeHTTP(w, r)
	})
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
