package server

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"weir/internal/clock"
)

// linesPerSecond bounds the log lines that clients can cause by misbehaving.
const linesPerSecond = 10

// lineLimit is a logger for what clients cause: rate-limited, and free of control characters.
type lineLimit struct {
	clock  clock.Clock
	logger *slog.Logger

	mu struct {
		sync.Mutex
		second     time.Time // when the current second began
		written    int       // lines in it
		suppressed int       // lines not written since the last one that was
	}
}

func newLineLimit(clk clock.Clock, logger *slog.Logger) *lineLimit {
	return &lineLimit{clock: clk, logger: logger}
}

func (l *lineLimit) warn(message string, pairs ...any) { l.log(slog.LevelWarn, message, pairs) }
func (l *lineLimit) info(message string, pairs ...any) { l.log(slog.LevelInfo, message, pairs) }

func (l *lineLimit) log(level slog.Level, message string, pairs []any) {
	suppressed, ok := l.take()
	if !ok {
		return
	}
	for i := range pairs {
		if text, is := pairs[i].(string); is {
			pairs[i] = printable(text)
		}
	}
	if suppressed > 0 {
		pairs = append(pairs, "suppressed", suppressed)
	}
	l.logger.Log(context.Background(), level, message, pairs...)
}

func (l *lineLimit) take() (suppressed int, ok bool) {
	now := l.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.mu.second) >= time.Second {
		l.mu.second, l.mu.written = now, 0
	}
	if l.mu.written >= linesPerSecond {
		l.mu.suppressed++
		return 0, false
	}
	l.mu.written++
	suppressed, l.mu.suppressed = l.mu.suppressed, 0
	return suppressed, true
}

// printable replaces what a terminal or a log reader might act on.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// counters are the server's own figures.
type counters struct {
	accepted, refused, requests, failed, panics, bytesOut, rested atomic.Int64
}

// Stats are counts since the server was made.
type Stats struct {
	Accepted int64 // connections served
	Refused  int64 // connections closed because there were too many
	Requests int64 // requests read
	Failed   int64 // connections closed for an error, the client's or ours
	Panics   int64 // bugs caught in a request
	BytesOut int64 // bytes of answers written
	Rested   int64 // times that a silent connection gave up its buffers
	Open     int   // connections now
}

// Stats returns the server's counts.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	open := len(s.mu.connections)
	s.mu.Unlock()
	return Stats{
		Accepted: s.stats.accepted.Load(), Refused: s.stats.refused.Load(), Requests: s.stats.requests.Load(),
		Failed: s.stats.failed.Load(), Panics: s.stats.panics.Load(), BytesOut: s.stats.bytesOut.Load(),
		Rested: s.stats.rested.Load(), Open: open,
	}
}
