//go:build !mutant_forget_ids

package partition

const mutantForgetIDs = false
