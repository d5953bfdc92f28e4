//go:build !mutants

package segment

const mutantSwapBeforeSync = false
