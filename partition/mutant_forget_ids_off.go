//go:build !mutants

package partition

const mutantForgetIDs = false
