//go:build mutants

package txn

import "weir/internal/mutant"

// mutantHearNothing is a fault built in on purpose, to show that the tests notice it.
var mutantHearNothing = mutant.On("mutant_hear_nothing")
