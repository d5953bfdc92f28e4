//go:build !mutant_swap_before_sync

package segment

const mutantSwapBeforeSync = false
