package lint

import (
	"go/ast"
	"testing"
	"time"
)

// Sizes that one can see at once.
const (
	maxFileLines = 400
	maxFuncLines = 70
)

// exempt lets a file be longer until a day; then it is split, or the exemption is argued anew.
var exempt = map[string]struct{ until, reason string }{}

func TestFileLength(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range source(t) {
		if f.generated || f.lines <= maxFileLines {
			continue
		}
		e, ok := exempt[f.path]
		seen[f.path] = ok
		if !ok {
			t.Errorf("%s has %d lines; %d are allowed", f.path, f.lines, maxFileLines)
			continue
		}
		until, err := time.Parse(time.DateOnly, e.until)
		if err != nil {
			t.Fatal(err)
		}
		if time.Now().After(until) {
			t.Errorf("%s has %d lines and its exemption (%s) ended on %s", f.path, f.lines, e.reason, e.until)
		}
	}
	for path := range exempt {
		if !seen[path] {
			t.Errorf("%s needs its exemption no more", path)
		}
	}
}

func TestFunctionLength(t *testing.T) {
	for _, f := range source(t) {
		if f.generated {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			fn, ok := n.(*ast.FuncDecl)
			if !ok {
				return true
			}
			first, last := f.fset.Position(fn.Pos()).Line, f.fset.Position(fn.End()).Line
			if lines := last - first + 1; lines > maxFuncLines {
				t.Errorf("%s:%d: %s has %d lines; %d are allowed", f.path, first, fn.Name.Name, lines, maxFuncLines)
			}
			return false
		})
	}
}
