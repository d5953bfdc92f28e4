//go:build mutants

package client

import "weir/internal/mutant"

// mutantKeepFirst is a fault built in on purpose, to show that the tests notice it.
var mutantKeepFirst = mutant.On("mutant_keep_first")
