//go:build mutants

package coordinator

import "weir/internal/mutant"

// mutantWholeGaps is a fault built in on purpose, to show that the tests notice it: a marker is looked at only when all that others wrote beside it is durable.
var mutantWholeGaps = mutant.On("mutant_whole_gaps")
