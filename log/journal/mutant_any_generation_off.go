//go:build !mutants

package journal

const mutantAnyGeneration = false
