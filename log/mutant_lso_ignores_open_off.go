//go:build !mutants

package log

const mutantLSOIgnoresOpen = false
