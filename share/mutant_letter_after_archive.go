//go:build mutant_letter_after_archive

package share

// mutantLetterAfterArchive is a fault built in on purpose, to show that the tests notice it.
const mutantLetterAfterArchive = true
