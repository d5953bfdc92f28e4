//go:build !mutants

package share

const mutantLetterAfterArchive = false
