//go:build mutant_swap_unsynced

package log

// mutantSwapUnsynced is a fault built in on purpose, to show that the tests notice it.
const mutantSwapUnsynced = true
