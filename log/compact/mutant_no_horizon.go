//go:build mutants

package compact

import "weir/internal/mutant"

// mutantNoHorizon is a fault built in on purpose, to show that the tests notice it.
var mutantNoHorizon = mutant.On("mutant_no_horizon")
