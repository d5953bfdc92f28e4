//go:build mutant_end_any_epoch

package txn

// mutantEndAnyEpoch is a fault built in on purpose, to show that the tests notice it.
const mutantEndAnyEpoch = true
