//go:build !mutants

package share

const mutantUnfair = false
