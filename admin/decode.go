package admin

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// strict refuses fields that are not known.
var strict = json.RejectUnknownMembers(true)

// decode reads a JSON body strictly: UTF-8, one value, each field once, no fields that are not known.
func decode(body []byte, v any) error {
	err := json.Unmarshal(body, v, strict)
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case err == nil:
		return nil
	case len(bytes.TrimSpace(body)) == 0:
		return problem(http.StatusBadRequest, "The body is empty.")
	case !utf8.Valid(body):
		return problem(http.StatusBadRequest, "The body is not UTF-8; binary values go into the fields that end in _base64.")
	case errors.Is(err, errTooMany):
		at := "body"
		if errors.As(err, &semantic) {
			at += strings.ReplaceAll(string(semantic.JSONPointer), "/", ".")
		}
		return invalid(at, errTooMany.Error())
	case errors.As(err, &syntax):
		return unreadable(string(syntax.JSONPointer), syntax.ByteOffset, syntax.Err)
	case errors.As(err, &semantic):
		cause := semantic.Err
		if cause == nil {
			cause = fmt.Errorf("a JSON %s is of no use here", semantic.JSONKind)
		}
		return unreadable(string(semantic.JSONPointer), semantic.ByteOffset, cause)
	}
	return problem(http.StatusBadRequest, "The body cannot be read: %s.", err)
}

// unreadable tells where a body cannot be read, and why.
func unreadable(pointer string, offset int64, why error) error {
	where := fmt.Sprintf("at byte %d", offset)
	if pointer != "" {
		where = fmt.Sprintf("at %.100s", pointer)
	}
	return problem(http.StatusBadRequest, "The body cannot be read %s: %s.", where, why)
}

// errTooMany says that a list is longer than any request may have.
var errTooMany = fmt.Errorf("there are more than %d", maxMessages)

// list is a list in a body, at most maxMessages long: it is left off there, so that what a body becomes is bounded as it is.
type list[T any] []T

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (l *list[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*l = nil
	open, err := d.ReadToken()
	switch {
	case err != nil:
		return err
	case open.Kind() == jsontext.KindNull:
		return nil
	case open.Kind() != jsontext.KindBeginArray:
		return errors.New("a list is needed")
	}
	*l = list[T]{}
	for d.PeekKind() != jsontext.KindEndArray {
		if len(*l) == maxMessages {
			return errTooMany
		}
		var one T
		if err := json.UnmarshalDecode(d, &one); err != nil {
			return err
		}
		*l = append(*l, one)
	}
	_, err = d.ReadToken()
	return err
}

// isJSON reports whether a content type is JSON.
func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == jsonType || strings.HasSuffix(media, "+json"))
}

// invalid tells what is wrong at one place of a request.
func invalid(location, message string) error {
	p := problem(http.StatusUnprocessableEntity, "%s: %s.", location, message)
	p.Errors = []*huma.ErrorDetail{{Location: location, Message: message}}
	return p
}
