package lint

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// empty are names that say nothing of what is inside.
var empty = []string{"common", "util", "utils", "manager", "types", "misc"}

func TestNamesSaySomething(t *testing.T) {
	for _, f := range source(t) {
		parts := strings.FieldsFunc(strings.TrimSuffix(f.path, ".go"), func(r rune) bool { return r == '/' || r == '_' })
		for _, p := range parts {
			if slices.Contains(empty, p) {
				t.Errorf("%s: the name %q says nothing of what is inside", f.path, p)
			}
		}
	}
}

// TestEveryPackageIsDocumented: each folder has one comment that says what the package is for.
func TestEveryPackageIsDocumented(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range source(t) {
		if !f.test {
			documented[f.room] = documented[f.room] || f.ast.Doc != nil
		}
	}
	for room, ok := range documented {
		if !ok {
			t.Errorf("package %s has no package comment", room)
		}
	}
}

// foreign are paths of somebody's machine and names of package registries: what is committed must not know
// them.
var foreign = regexp.MustCompile(`(^|[\s"'=(:` + "`" + `])/(work|farm|root|home|Users)/[A-Za-z.]|` +
	`registry\.npmjs|files\.pythonhosted|repo1?\.maven|proxy\.golang`)

// textFiles are the kinds of file that are searched.
var textFiles = []string{".go", ".md", ".sh", ".py", ".js", ".java", ".json", ".xml", ".txt", ".properties", ".mod", ".npmrc"}

func TestNoMachineInTheTree(t *testing.T) {
	err := walk(func(path string) error {
		name := filepath.Base(path)
		plain := filepath.Ext(path) == "" || slices.Contains(textFiles, filepath.Ext(path))
		if !plain || strings.HasPrefix(path, "tests/lint/") || name == "LICENSE" {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return err
		}
		n := 0
		for line := range strings.Lines(string(text)) {
			n++
			if found := foreign.FindString(line); found != "" {
				t.Errorf("%s:%d names %q", path, n, strings.TrimSpace(found))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// link is a Markdown link; images count too.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinksInDocuments(t *testing.T) {
	err := walk(func(path string) error {
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return err
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(path), target)); err != nil {
				t.Errorf("%s points at %s, which is not there", path, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
