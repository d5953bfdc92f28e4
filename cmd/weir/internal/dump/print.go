package dump

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
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
		if s, ok := pairs[i+1].(string); ok && strings.ContainsAny(s, " \n\t\"") {
			pairs[i+1] = fmt.Sprintf("%q", s)
		}
		fmt.Fprintf(&b, "  %s %v", pairs[i], pairs[i+1])
	}
	fmt.Fprintln(p.w, b.String())
}
