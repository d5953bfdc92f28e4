package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// decode reads a JSON body strictly: UTF-8, one value, no fields that are not known.
func decode(body []byte, v any) error {
	if !utf8.Valid(body) {
		return problem(http.StatusBadRequest, "The body is not UTF-8; binary values go into the fields that end in _base64.")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		if errors.Is(err, io.EOF) {
			return problem(http.StatusBadRequest, "The body is empty.")
		}
		return problem(http.StatusBadRequest, "The body cannot be read: %s.", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return problem(http.StatusBadRequest, "The body goes on after its JSON value.")
	}
	return nil
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
