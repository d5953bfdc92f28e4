//go:build mutant_trust_index

package segment

// mutantTrustIndex is a fault built in on purpose, to show that the tests notice it.
const mutantTrustIndex = true
