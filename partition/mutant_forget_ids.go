//go:build mutants

package partition

import "weir/internal/mutant"

// mutantForgetIDs is a fault built in on purpose, to show that the tests notice it.
var mutantForgetIDs = mutant.On("mutant_forget_ids")
