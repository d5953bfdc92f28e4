//go:build mutants

package journal

import "weir/internal/mutant"

// mutantAckBeforeJournal is a fault built in on purpose, to show that the tests notice it.
var mutantAckBeforeJournal = mutant.On("mutant_ack_before_journal")
