//go:build mutants

package log

import "weir/internal/mutant"

// mutantTruncateMiddle is a fault built in on purpose, to show that the tests notice it.
var mutantTruncateMiddle = mutant.On("mutant_truncate_middle")
