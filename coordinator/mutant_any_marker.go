//go:build mutants

package coordinator

import "weir/internal/mutant"

// mutantAnyMarker is a fault built in on purpose, to show that the tests notice it: a marker ends what its producer wrote after it too.
var mutantAnyMarker = mutant.On("mutant_any_marker")
