//go:build !mutant_forget_locks

package share

const mutantForgetLocks = false
