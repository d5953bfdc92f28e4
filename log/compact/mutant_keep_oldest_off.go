//go:build !mutant_keep_oldest

package compact

const mutantKeepOldest = false
