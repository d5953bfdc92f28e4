//go:build mutants

package share

import "weir/internal/mutant"

// mutantForgetLocks is a fault built in on purpose, to show that the tests notice it.
var mutantForgetLocks = mutant.On("mutant_forget_locks")
