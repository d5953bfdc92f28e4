//go:build !mutant_commit_in_memory

package groups

const mutantCommitInMemory = false
