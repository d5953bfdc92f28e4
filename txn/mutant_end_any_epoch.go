//go:build mutants

package txn

import "weir/internal/mutant"

// mutantEndAnyEpoch is a fault built in on purpose, to show that the tests notice it.
var mutantEndAnyEpoch = mutant.On("mutant_end_any_epoch")
