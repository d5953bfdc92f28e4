//go:build !mutant_trust_index

package segment

const mutantTrustIndex = false
