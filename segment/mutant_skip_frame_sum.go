//go:build mutant_skip_frame_sum

package segment

// mutantSkipFrameSum is a fault built in on purpose, to show that the tests notice it.
const mutantSkipFrameSum = true
