//go:build mutants

package share

import "weir/internal/mutant"

// mutantLetterAfterArchive is a fault built in on purpose, to show that the tests notice it.
var mutantLetterAfterArchive = mutant.On("mutant_letter_after_archive")
