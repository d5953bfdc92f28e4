//go:build !mutants

package segment

const mutantSkipFrameSum = false
