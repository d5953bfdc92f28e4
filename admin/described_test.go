package admin_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"weir/admin"
)

// described is the OpenAPI document; validating reads it, one at a time.
var described = sync.OnceValue(admin.Described)

var validating sync.Mutex

// asDescribed holds an answer to the OpenAPI document: every answer of every test is what the document says.
func (d *door) asDescribed(method, path string, r reply) {
	d.t.Helper()
	path, _, _ = strings.Cut(path, "?")
	words := strings.SplitN(strings.TrimPrefix(path, "/v1/queues/"), "/", 2)
	if len(words) < 2 {
		return
	}
	validating.Lock()
	defer validating.Unlock()
	item := described().Paths["/v1/queues/{topic}/"+words[1]]
	if item == nil {
		return
	}
	op := map[string]*huma.Operation{http.MethodPost: item.Post, http.MethodGet: item.Get}[method]
	if op == nil {
		return
	}
	answer := op.Responses[strconv.Itoa(r.status)]
	if answer == nil {
		answer = op.Responses["default"]
	}
	kind := r.header.Get("Content-Type")
	media := answer.Content[kind]
	switch {
	case media == nil && (kind != "" || len(r.body) > 0):
		d.t.Errorf("%s %s: status %d, content type %q is not described", method, path, r.status, kind)
		return
	case media == nil || !strings.HasSuffix(kind, "json"):
		return
	}
	var v any
	if err := json.Unmarshal(r.body, &v); err != nil {
		d.t.Errorf("%s %s: %v: %.200s", method, path, err, r.body)
		return
	}
	var result huma.ValidateResult
	at := huma.NewPathBuffer(nil, 0)
	huma.Validate(described().Components.Schemas, media.Schema, at, huma.ModeReadFromServer, v, &result)
	for _, err := range result.Errors {
		d.t.Errorf("%s %s: the answer is not as described: %v: %.300s", method, path, err, r.body)
	}
}
