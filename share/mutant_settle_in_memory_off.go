//go:build !mutant_settle_in_memory

package share

const mutantSettleInMemory = false
