//go:build !mutant_hear_nothing

package txn

const mutantHearNothing = false
