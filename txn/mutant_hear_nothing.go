//go:build mutant_hear_nothing

package txn

// mutantHearNothing is a fault built in on purpose, to show that the tests notice it.
const mutantHearNothing = true
