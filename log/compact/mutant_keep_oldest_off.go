//go:build !mutants

package compact

const mutantKeepOldest = false
