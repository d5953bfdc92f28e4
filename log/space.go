package log

import "weir/vfs"

// Space returns the size of the file system that holds the directory and what of it is left, in bytes; -1 for
// what is not known.
func (d *Directory) Space() (total, usable int64) {
	total, usable = -1, -1
	if t, ok := d.fs.(vfs.Totaler); ok {
		if n, err := t.Total(d.path); err == nil {
			total = n
		}
	}
	if n, err := d.fs.Free(d.path); err == nil {
		usable = n
	}
	return total, usable
}
