//go:build mutant_truncate_middle

package log

// mutantTruncateMiddle is a fault built in on purpose, to show that the tests notice it.
const mutantTruncateMiddle = true
