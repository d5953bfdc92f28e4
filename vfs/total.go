package vfs

import "fmt"

// Totaler is a file system that knows how large it is; not every FS does.
type Totaler interface {
	// Total returns the size in bytes of the file system that holds dir.
	Total(dir string) (bytes int64, err error)
}

// Total returns the size of the file system that holds dir.
func (osFS) Total(dir string) (int64, error) {
	total, err := totalBytes(dir)
	if err != nil {
		return 0, fmt.Errorf("size of the file system of %s: %w", dir, err)
	}
	return total, nil
}
