//go:build mutants

package partition

import "weir/internal/mutant"

// mutantAckBeforeSync is a fault built in on purpose, to show that the tests notice it.
var mutantAckBeforeSync = mutant.On("mutant_ack_before_fsync")
