//go:build !mutant_letter_after_archive

package share

const mutantLetterAfterArchive = false
