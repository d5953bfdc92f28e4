//go:build mutants

package journal

import "weir/internal/mutant"

// mutantAnyGeneration is a fault built in on purpose, to show that the tests notice it.
var mutantAnyGeneration = mutant.On("mutant_any_generation")
