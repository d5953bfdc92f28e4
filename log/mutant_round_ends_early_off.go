//go:build !mutants

package log

const mutantRoundEndsEarly = false
