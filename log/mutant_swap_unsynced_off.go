//go:build !mutants

package log

const mutantSwapUnsynced = false
