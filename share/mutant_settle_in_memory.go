//go:build mutant_settle_in_memory

package share

// mutantSettleInMemory is a fault built in on purpose, to show that the tests notice it: what members settle is answered, and never
// written.
const mutantSettleInMemory = true
