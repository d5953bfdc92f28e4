//go:build mutant_ack_before_journal

package journal

// mutantAckBeforeJournal is a fault built in on purpose, to show that the tests notice it.
const mutantAckBeforeJournal = true
