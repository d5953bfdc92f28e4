//go:build mutants

package log

import "weir/internal/mutant"

// mutantSwapUnsynced is a fault built in on purpose, to show that the tests notice it.
var mutantSwapUnsynced = mutant.On("mutant_swap_unsynced")
