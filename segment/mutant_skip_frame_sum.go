//go:build mutants

package segment

import "weir/internal/mutant"

// mutantSkipFrameSum is a fault built in on purpose, to show that the tests notice it.
var mutantSkipFrameSum = mutant.On("mutant_skip_frame_sum")
