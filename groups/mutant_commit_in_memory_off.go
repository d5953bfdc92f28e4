//go:build !mutants

package groups

const mutantCommitInMemory = false
