//go:build !mutant_truncate_middle

package log

const mutantTruncateMiddle = false
