//go:build mutant_commit_in_memory

package groups

// mutantCommitInMemory is a fault built in on purpose, to show that the tests notice it: committed offsets are never
// written.
const mutantCommitInMemory = true
