package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

//go:generate go run ./gen ../docs/openapi.json

// Document is the OpenAPI document, as /openapi.json has it.
func Document() ([]byte, error) {
	d := &Door{config: Config{MaxRequestBytes: 1, MaxWait: time.Second, ReadTimeout: time.Second}}
	_, api := d.routes()
	return json.MarshalIndent(api.OpenAPI(), "", "  ")
}

// handler is all that the door serves.
func (d *Door) handler() http.Handler {
	mux, _ := d.routes()
	return d.guard(routed(mux))
}

func (d *Door) routes() (*http.ServeMux, huma.API) {
	mux := http.NewServeMux()
	c := huma.DefaultConfig("Weir queues", "1")
	c.Info.Description = "Queues over HTTP: the messages of a topic, worked off by groups, with acknowledgement. Errors are RFC 9457 " +
		"problems. docs/http.md has examples and bounds."
	c.CreateHooks = nil // no $schema links in answers
	c.DocsPath, c.SchemasPath = "", ""
	api := humago.New(mux, c)
	d.addSend(api)
	d.addReceive(api)
	d.addSettle(api)
	d.addRequest(api)
	d.addDeadLetters(api)
	d.addDepth(api)
	return mux, api
}

// post is an operation of a queue.
func (d *Door) post(id, path, summary, description string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: http.MethodPost, Path: "/v1/queues/{topic}" + path, Summary: summary, Description: description,
		Tags: []string{"queues"}, SkipValidateBody: true, // bodies are read by decode, once
		MaxBodyBytes: d.config.MaxRequestBytes + 1, BodyReadTimeout: d.config.ReadTimeout, RejectUnknownQueryParameters: true,
		Responses: make(map[string]*huma.Response),
	}
}

// schema is the schema of T, kept with the document's others.
func schema[T any](api huma.API) *huma.Schema {
	return api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
}

// register adds an operation with the bodies that takes said. To huma every raw body is an octet stream and required.
func register[I any](api huma.API, op huma.Operation, serve func(context.Context, *I) (*answer, error)) {
	required := op.RequestBody != nil && op.RequestBody.Required
	huma.Register(api, op, serve)
	if op.RequestBody != nil {
		op.RequestBody.Required = required
		delete(op.RequestBody.Content, "application/octet-stream")
	}
}

// takes says what JSON body an operation takes, beside the raw one if there is one.
func takes[T any](api huma.API, op *huma.Operation, raw, required bool) {
	op.RequestBody = &huma.RequestBody{Required: required, Content: map[string]*huma.MediaType{
		jsonType: {Schema: schema[T](api)},
	}}
	if raw {
		op.RequestBody.Content["*/*"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
}

// gives says what an operation answers.
func gives[T any](api huma.API, op *huma.Operation, status int, description string) {
	op.Responses[strconv.Itoa(status)] = &huma.Response{Description: description, Content: map[string]*huma.MediaType{
		jsonType: {Schema: schema[T](api)},
	}}
	op.Responses["default"] = &huma.Response{Description: "A problem (RFC 9457).", Content: map[string]*huma.MediaType{
		"application/problem+json": {Schema: schema[huma.ErrorModel](api)},
	}}
}
