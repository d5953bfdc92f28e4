package dump

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printer writes lines of named values.
type printer struct {
	w    io.Writer
	json bool
	path string
}

func (p *printer) title(path string) {
	p.path = path
	if !p.json {
		fmt.Fprintf(p.w, "%s\n", path)
	}
}

// line writes one line of name, value, name, value ...; as JSON it also names the file.
func (p *printer) line(pairs ...any) {
	if p.json {
		m := map[string]any{"file": p.path}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1]
		}
		json.NewEncoder(p.w).Encode(m)
		return
	}
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if s, ok := pairs[i+1].(string); ok && !plain(s) {
			pairs[i+1] = strconv.Quote(s)
		}
		fmt.Fprintf(&b, "  %s %v", pairs[i], pairs[i+1])
	}
	fmt.Fprintln(p.w, b.String())
}

// plain says whether a value can stand in a line without quotes.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r == ' ' || r == '"' || !unicode.IsPrint(r)
	})
}

// text is a value that is shown as it stands: it is quoted already where it needs to be.
type text string
