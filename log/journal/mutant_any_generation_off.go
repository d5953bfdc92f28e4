//go:build !mutant_any_generation

package journal

const mutantAnyGeneration = false
