//go:build !mutant_swap_unsynced

package log

const mutantSwapUnsynced = false
