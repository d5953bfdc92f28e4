//go:build !mutants

package share

const mutantForgetLocks = false
