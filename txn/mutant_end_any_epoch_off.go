//go:build !mutant_end_any_epoch

package txn

const mutantEndAnyEpoch = false
