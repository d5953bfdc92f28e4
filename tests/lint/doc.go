// Package lint holds what the compiler does not: which room may import which, how long files and functions
// may be, which names say nothing, and that what the documents point at is there. Its tests read the source
// of the module and run in a second, so they are part of `make check`.
package lint
