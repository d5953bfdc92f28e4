//go:build mutants

package log

import "weir/internal/mutant"

// mutantLSOIgnoresOpen is a fault built in on purpose, to show that the tests notice it.
var mutantLSOIgnoresOpen = mutant.On("mutant_lso_ignores_open")
