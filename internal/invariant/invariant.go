// Package invariant states what must hold if Weir's own code is right.
//
// A broken invariant is our mistake, never the world's: bad input and bad disks are errors and are returned.
// Expensive checks stand behind [Enabled], which the build tag "invariants" turns on.
package invariant

import "fmt"

// Failf panics with a message that names the fault as ours. Give what was got and what was wanted.
func Failf(format string, args ...any) {
	panic("BUG: " + fmt.Sprintf(format, args...))
}

// Check panics as Failf does unless cond holds. The arguments are evaluated even when it holds: keep them
// cheap.
func Check(cond bool, format string, args ...any) {
	if !cond {
		Failf(format, args...)
	}
}
