//go:build mutants

package segment

import "weir/internal/mutant"

// mutantSwapBeforeSync is a fault built in on purpose, to show that the tests notice it.
var mutantSwapBeforeSync = mutant.On("mutant_swap_before_sync")
