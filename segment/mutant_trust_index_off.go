//go:build !mutants

package segment

const mutantTrustIndex = false
