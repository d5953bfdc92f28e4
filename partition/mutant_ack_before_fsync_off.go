//go:build !mutants

package partition

const mutantAckBeforeSync = false
