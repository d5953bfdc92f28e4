//go:build mutants

package log

import "weir/internal/mutant"

// mutantDedupOfFour is a fault built in on purpose, to show that the tests notice it.
var mutantDedupOfFour = mutant.On("mutant_dedup_of_four")
