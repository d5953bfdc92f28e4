package admin

import (
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// optional is a parameter that may not be there.
type optional[T any] struct {
	Value T
	Set   bool
}

// Schema implements huma.SchemaProvider.
func (optional[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[T]())
}

// Receiver implements huma.ParamWrapper.
func (o *optional[T]) Receiver() reflect.Value { return reflect.ValueOf(o).Elem().Field(0) }

// OnParamSet implements huma.ParamReactor.
func (o *optional[T]) OnParamSet(set bool, _ any) { o.Set = set }

// pointer is the first of two parameters that is there.
func pointer[T any](a, b optional[T]) *T {
	switch {
	case a.Set:
		return &a.Value
	case b.Set:
		return &b.Value
	}
	return nil
}

// SendParameters say of a message what is not in its body, in the query or in headers; the query counts.
type SendParameters struct {
	Key        optional[string] `query:"key" doc:"Messages of one key keep their order and their partition."`
	DelayMs    optional[int64]  `query:"delay_ms" doc:"Not delivered before so much time has passed."`
	TTLMs      optional[int64]  `query:"ttl_ms" doc:"Not delivered after so much time has passed."`
	Priority   optional[int64]  `query:"priority" doc:"0 to 9; 4 is that of messages without one."`
	RoutingKey optional[string] `query:"routing_key" doc:"What groups may filter by."`
	ID         optional[string] `query:"id" doc:"Messages of one id are one, within weir.dedup.window.ms of the topic."`

	KeyHeader        optional[string] `header:"Weir-Key"`
	DelayMsHeader    optional[int64]  `header:"Weir-Delay-Ms"`
	TTLMsHeader      optional[int64]  `header:"Weir-Ttl-Ms"`
	PriorityHeader   optional[int64]  `header:"Weir-Priority"`
	RoutingKeyHeader optional[string] `header:"Weir-Routing-Key"`
	IDHeader         optional[string] `header:"Weir-Message-Id"`
	HeadersHeader    string           `header:"Weir-Headers" doc:"Headers of the message, as a JSON object of strings."`
}

// given is what the parameters say of messages.
func (p *SendParameters) given() (*Message, error) {
	m := &Message{Key: pointer(p.Key, p.KeyHeader), DelayMs: pointer(p.DelayMs, p.DelayMsHeader),
		TTLMs: pointer(p.TTLMs, p.TTLMsHeader), Priority: pointer(p.Priority, p.PriorityHeader)}
	if s := pointer(p.RoutingKey, p.RoutingKeyHeader); s != nil {
		m.RoutingKey = *s
	}
	if s := pointer(p.ID, p.IDHeader); s != nil {
		m.ID = *s
	}
	if p.HeadersHeader != "" {
		if err := json.Unmarshal([]byte(p.HeadersHeader), &m.Headers); err != nil {
			return nil, problem(http.StatusBadRequest, "Weir-Headers is no JSON object of strings.")
		}
	}
	return m, nil
}
