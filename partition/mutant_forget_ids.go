//go:build mutant_forget_ids

package partition

// mutantForgetIDs is a fault built in on purpose, to show that the tests notice it.
const mutantForgetIDs = true
