package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

const jsonType = "application/json"

// answer is what operations give: it writes itself.
type answer struct {
	Body func(huma.Context)
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// keptBuffer is the size up to which a buffer is kept for the next answer.
const keptBuffer = 1 << 20

// told is an answer in JSON.
func told(status int, v any) *answer {
	return &answer{Body: func(c huma.Context) {
		b := buffers.Get().(*bytes.Buffer)
		b.Reset()
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			panic(fmt.Sprintf("BUG: admin: encode answer: %v", err)) // answers hold nothing that fails
		}
		c.SetHeader("Content-Type", jsonType)
		c.SetHeader("Content-Length", strconv.Itoa(b.Len()))
		c.SetStatus(status)
		_, _ = c.BodyWriter().Write(b.Bytes())
		if b.Cap() <= keptBuffer {
			buffers.Put(b)
		}
	}}
}

// statusOf is the status of an answer with several results.
func statusOf(failures int) int {
	if failures > 0 {
		return http.StatusMultiStatus
	}
	return http.StatusOK
}
