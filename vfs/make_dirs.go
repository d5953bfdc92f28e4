package vfs

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// MakeDirs makes dir and its missing parents, durably: a crash must not take away a directory with all that
// is in it.
func MakeDirs(fsys FS, dir string) error {
	if _, err := fsys.Stat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := MakeDirs(fsys, parent); err != nil {
			return err
		}
	}
	if err := fsys.MkdirAll(dir); err != nil {
		return err
	}
	return fsys.SyncDir(parent)
}
