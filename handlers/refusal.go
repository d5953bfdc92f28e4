package handlers

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// refusal is a mistake of the request itself: a code and the text that goes to the client with it.
type refusal struct {
	code *kerr.Error
	text string
}

func (r *refusal) Error() string { return r.text }

func (r *refusal) Unwrap() error { return r.code }

func refuse(code *kerr.Error, format string, args ...any) error {
	return &refusal{code: code, text: fmt.Sprintf(format, args...)}
}

// within bounds a change of the metadata by the time that its request allows; 0 and less mean that the client
// does not care, and the change then gets what a default client gives.
func (h *Handlers) within(timeoutMillis int32) (context.Context, context.CancelFunc) {
	if timeoutMillis <= 0 {
		timeoutMillis = 30_000
	}
	return context.WithTimeout(h.ctx, time.Duration(timeoutMillis)*time.Millisecond)
}
