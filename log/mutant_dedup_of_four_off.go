//go:build !mutant_dedup_of_four

package log

const mutantDedupOfFour = false
