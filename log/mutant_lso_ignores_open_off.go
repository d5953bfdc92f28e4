//go:build !mutant_lso_ignores_open

package log

const mutantLSOIgnoresOpen = false
