package main

import (
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// header is the comment above the handler of one API: what it is, what it does, and what each version
// brought.
type header struct {
	file     string
	name     string
	key      int16
	min, max int16
	note     string   // behind the versions, in the same paragraph
	behavior []string // Markdown
	versions string   // Markdown
}

// firstLine is how every header begins: "Fetch (key 1), v4-v18" or "OffsetDelete (key 47), v0".
var firstLine = regexp.MustCompile(`^(\w+) \(key (\d+)\), v(\d+)(?:-v(\d+))?[.;:]?\s*(.*)$`)

// headers reads the headers of all files named for an API, "NN_name.go", by key.
func headers(dir string) (map[int16]header, error) {
	files, err := filepath.Glob(filepath.Join(dir, "[0-9][0-9]_*.go"))
	if err != nil {
		return nil, fmt.Errorf("list handlers: %w", err)
	}
	found := make(map[int16]header)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		h, err := readHeader(file)
		if err != nil {
			return nil, err
		}
		if prefix := fmt.Sprintf("%02d_", h.key); !strings.HasPrefix(h.file, prefix) {
			return nil, fmt.Errorf("%s describes key %d: it must begin with %s", h.file, h.key, prefix)
		}
		if old, again := found[h.key]; again {
			return nil, fmt.Errorf("key %d is described in %s and in %s", h.key, old.file, h.file)
		}
		found[h.key] = h
	}
	return found, nil
}

// readHeader finds the header in a file: the one comment of a function that begins as headers do.
func readHeader(file string) (header, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		return header{}, fmt.Errorf("parse handler: %w", err)
	}
	name := filepath.Base(file)
	for _, decl := range parsed.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Doc == nil || !firstLine.MatchString(strings.ReplaceAll(fn.Doc.Text(), "\n", " ")) {
			continue
		}
		h, err := parseHeader(fn.Doc.Text())
		h.file = name
		if err != nil {
			return h, fmt.Errorf("%s: %w", name, err)
		}
		return h, nil
	}
	return header{}, fmt.Errorf("%s: no comment begins with \"Name (key N), vA-vB\"", name)
}

func parseHeader(text string) (h header, err error) {
	doc := new(comment.Parser).Parse(text)
	first := firstLine.FindStringSubmatch(blockText(doc.Content[0]))
	if first == nil {
		return h, fmt.Errorf("no versions in %q", blockText(doc.Content[0]))
	}
	h.name, h.note = first[1], first[5]
	if first[4] == "" {
		first[4] = first[3]
	}
	for i, into := range []*int16{&h.key, &h.min, &h.max} {
		n, err := strconv.ParseInt(first[2+i], 10, 16)
		if err != nil {
			return h, fmt.Errorf("number in header: %w", err)
		}
		*into = int16(n)
	}
	for _, block := range doc.Content[1:] {
		text := blockText(block)
		notes, isNotes := strings.CutPrefix(text, "Version notes: ")
		list, isList := block.(*comment.List)
		switch {
		case isList:
			for _, item := range list.Items {
				h.behavior = append(h.behavior, blocksText(item.Content))
			}
		case isNotes:
			h.versions = notes
		case text != "Behavior:":
			return h, fmt.Errorf("neither behavior nor version notes: %q", text)
		}
	}
	if len(h.behavior) == 0 {
		return h, fmt.Errorf("says nothing about behavior")
	}
	return h, nil
}

func blocksText(blocks []comment.Block) string {
	var all []string
	for _, b := range blocks {
		all = append(all, blockText(b))
	}
	return strings.Join(all, " ")
}

// blockText is a paragraph on one line.
func blockText(b comment.Block) string {
	p, ok := b.(*comment.Paragraph)
	if !ok {
		return ""
	}
	var out strings.Builder
	for _, t := range p.Text {
		switch t := t.(type) {
		case comment.Plain:
			out.WriteString(string(t))
		case comment.Italic:
			out.WriteString(string(t))
		case *comment.Link:
			out.WriteString(blockText(&comment.Paragraph{Text: t.Text}))
		case *comment.DocLink:
			out.WriteString(blockText(&comment.Paragraph{Text: t.Text}))
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}
