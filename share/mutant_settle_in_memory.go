//go:build mutants

package share

import "weir/internal/mutant"

// mutantSettleInMemory is a fault built in on purpose, to show that the tests notice it: what members settle is answered, and never
// written.
var mutantSettleInMemory = mutant.On("mutant_settle_in_memory")
