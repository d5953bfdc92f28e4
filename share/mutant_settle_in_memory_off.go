//go:build !mutants

package share

const mutantSettleInMemory = false
