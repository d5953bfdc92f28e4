//go:build !mutants

package coordinator

const mutantWholeGaps = false
