//go:build !mutant_unfair

package share

const mutantUnfair = false
