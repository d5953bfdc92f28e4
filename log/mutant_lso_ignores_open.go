//go:build mutant_lso_ignores_open

package log

// mutantLSOIgnoresOpen is a fault built in on purpose, to show that the tests notice it.
const mutantLSOIgnoresOpen = true
