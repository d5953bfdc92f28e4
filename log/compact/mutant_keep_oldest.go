//go:build mutant_keep_oldest

package compact

// mutantKeepOldest is a fault built in on purpose, to show that the tests notice it.
const mutantKeepOldest = true
