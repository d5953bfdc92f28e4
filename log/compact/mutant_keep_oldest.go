//go:build mutants

package compact

import "weir/internal/mutant"

// mutantKeepOldest is a fault built in on purpose, to show that the tests notice it.
var mutantKeepOldest = mutant.On("mutant_keep_oldest")
