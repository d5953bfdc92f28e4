//go:build mutant_forget_locks

package share

// mutantForgetLocks is a fault built in on purpose, to show that the tests notice it.
const mutantForgetLocks = true
