//go:build !mutants

package log

const mutantTruncateMiddle = false
