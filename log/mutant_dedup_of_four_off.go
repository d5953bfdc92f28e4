//go:build !mutants

package log

const mutantDedupOfFour = false
