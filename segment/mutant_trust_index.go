//go:build mutants

package segment

import "weir/internal/mutant"

// mutantTrustIndex is a fault built in on purpose, to show that the tests notice it.
var mutantTrustIndex = mutant.On("mutant_trust_index")
