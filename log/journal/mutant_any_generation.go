//go:build mutant_any_generation

package journal

// mutantAnyGeneration is a fault built in on purpose, to show that the tests notice it.
const mutantAnyGeneration = true
