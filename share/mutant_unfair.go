//go:build mutant_unfair

package share

// mutantUnfair is a fault built in on purpose, to show that the tests notice it: low priorities wait for as long as there are higher ones.
const mutantUnfair = true
