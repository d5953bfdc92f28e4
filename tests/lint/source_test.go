package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// root is the module's top folder, seen from this package.
const root = "../.."

// unread are folders that are not the project's source.
var unread = []string{".git", ".cache", "bin", "data", "node_modules", "testdata"}

// goFile is one parsed Go file of the module.
type goFile struct {
	path      string // from the module's top, with slashes
	room      string // the folder it is in, "" for the top
	test      bool
	generated bool
	lines     int
	ast       *ast.File
	fset      *token.FileSet
}

// walk calls visit for every file of the checkout that somebody wrote.
func walk(visit func(path string) error) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(unread, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return visit(filepath.ToSlash(rel))
	})
}

// goFiles parses the module once for all tests. Nested modules are not part of it.
var goFiles = sync.OnceValues(func() ([]goFile, error) {
	var files []goFile
	nested := map[string]bool{}
	err := walk(func(path string) error {
		if filepath.Base(path) == "go.mod" && path != "go.mod" {
			nested[filepath.ToSlash(filepath.Dir(path))] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = walk(func(path string) error {
		dir := filepath.ToSlash(filepath.Dir(path))
		if filepath.Ext(path) != ".go" || nested[dir] {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return err
		}
		f := goFile{path: path, room: dir, test: strings.HasSuffix(path, "_test.go"), fset: token.NewFileSet()}
		f.lines = strings.Count(string(text), "\n")
		if f.ast, err = parser.ParseFile(f.fset, path, text, parser.ParseComments); err != nil {
			return err
		}
		f.generated = ast.IsGenerated(f.ast)
		files = append(files, f)
		return nil
	})
	return files, err
})

func source(t *testing.T) []goFile {
	t.Helper()
	files, err := goFiles()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("only %d Go files were found: is this the module's folder?", len(files))
	}
	return files
}

// imports are the paths that a file imports.
func (f goFile) imports() []string {
	var paths []string
	for _, i := range f.ast.Imports {
		paths = append(paths, strings.Trim(i.Path.Value, `"`))
	}
	return paths
}
