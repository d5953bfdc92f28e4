//go:build mutants

package share

import "weir/internal/mutant"

// mutantUnfair is a fault built in on purpose, to show that the tests notice it: low priorities wait for as long as there are higher ones.
var mutantUnfair = mutant.On("mutant_unfair")
