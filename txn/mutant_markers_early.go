//go:build mutants

package txn

import "weir/internal/mutant"

// mutantMarkersEarly is a fault built in on purpose, to show that the tests notice it: markers are written before the end
// that they tell of is durable.
var mutantMarkersEarly = mutant.On("mutant_markers_early")
