//go:build !mutant_skip_frame_sum

package segment

const mutantSkipFrameSum = false
