//go:build mutants

package log

import "weir/internal/mutant"

// mutantRoundEndsEarly is a fault built in on purpose, to show that the tests notice it.
var mutantRoundEndsEarly = mutant.On("mutant_round_ends_early")
