//go:build mutant_dedup_of_four

package log

// mutantDedupOfFour is a fault built in on purpose, to show that the tests notice it.
const mutantDedupOfFour = true
