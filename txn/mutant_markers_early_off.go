//go:build !mutants

package txn

const mutantMarkersEarly = false
