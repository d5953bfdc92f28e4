//go:build mutant_swap_before_sync

package segment

// mutantSwapBeforeSync is a fault built in on purpose, to show that the tests notice it.
const mutantSwapBeforeSync = true
