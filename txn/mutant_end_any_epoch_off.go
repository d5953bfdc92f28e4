//go:build !mutants

package txn

const mutantEndAnyEpoch = false
