package brokers

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Root is the top folder of the checkout: the nearest above the working directory with the module weir.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "scripts", "setup")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("not inside a checkout of Weir: no scripts/setup above the working directory")
		}
		dir = up
	}
}

// MustRoot is Root, or the end of the test.
func MustRoot(tb testing.TB) string {
	tb.Helper()
	root, err := Root()
	if err != nil {
		tb.Fatal(err)
	}
	return root
}
