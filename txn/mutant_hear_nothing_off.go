//go:build !mutants

package txn

const mutantHearNothing = false
