//go:build mutants

package groups

import "weir/internal/mutant"

// mutantCommitInMemory is a fault built in on purpose, to show that the tests notice it: committed offsets are never
// written.
var mutantCommitInMemory = mutant.On("mutant_commit_in_memory")
